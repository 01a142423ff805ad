import { same } from "./node_same.mjs";

// Every path of up to four of these pieces, as far as they differ: what a hand would not think of.
const pieces = ["/", "a", "..", ".", "b.c", "//", ".d", "e.", " "];
const paths = ["", ...pieces];
for (const one of pieces) for (const two of pieces) paths.push(one + two, ...["/", ".x", "/.."].map((end) => `${one}/${two}${end}`));
for (const one of pieces) paths.push(`/x/${one}/y`, `${one}${one}${one}`);

const quoted = paths.map((path) => JSON.stringify(path));
same("path: one path", "const path = require('path')", quoted.flatMap((path) => [
  `[path.normalize(${path}), path.dirname(${path}), path.basename(${path}), path.extname(${path}), path.isAbsolute(${path})]`,
  `[path.parse(${path}), path.format(path.parse(${path})), path.basename(${path}, "c"), path.basename(${path}, ".c"), path.basename(${path}, "/a")]`,
  `[path.resolve("/q/r", ${path}), path.join("x", ${path}, "y"), path.join(${path}, ".."), path.toNamespacedPath(${path})]`,
  `path.relative("/a/b/c", path.resolve("/", ${path}))`,
  `path.relative(path.resolve("/", ${path}), "/a/b")`,
]));

same("path: arguments", "const path = require('path')", [
  "path.join()", "path.join('')", "path.join(1)", "path.resolve('/', null)", "path.dirname({})", "path.basename('a', 1)", "path.parse(undefined)",
  "path.format({ root: '/', base: 'b' })", "path.format({ dir: 'd', name: 'n', ext: 'e' })", "path.format({ name: 'n', ext: '.e' })", "path.format(null)", "path.format('x')",
  "path.sep + path.delimiter", "path.posix === path", "path.relative('a', 1)", "require('path/posix') === path", "Object.keys(path).sort()",
]);

const drives = ["C:", "c:\\\\", "C:/", "\\\\\\\\server\\\\share", "//server/share/", "\\\\", "/", "", "D:x"];
const rests = ["", "a", "a\\\\b.c", "..\\\\a", "a/../..", "./x.y/", "a\\\\", "foo.txt", "..", "."];
const windows = drives.flatMap((drive) => rests.map((rest) => `"${drive}${rest}"`));
same("path.win32", "const { win32 } = require('path'); process.chdir('/')", windows.flatMap((path) => [
  `[win32.normalize(${path}), win32.isAbsolute(${path}), win32.join(${path}, "x"), win32.join("y", ${path}), win32.dirname(${path})]`,
  `[win32.basename(${path}), win32.basename(${path}, ".c"), win32.extname(${path}), win32.parse(${path}), win32.format(win32.parse(${path}))]`,
  `[win32.resolve("C:\\\\q", ${path}), win32.resolve("D:\\\\", "c:\\\\z", ${path}), win32.relative("C:\\\\a\\\\b", win32.resolve("C:\\\\", ${path})), win32.toNamespacedPath(win32.resolve("C:\\\\", ${path}))]`,
]).concat(["win32.sep + win32.delimiter", "win32.win32 === win32 && win32.posix === require('path') && require('path/win32') === win32", "win32.join(1)", "win32.relative('C:\\\\foo', 'D:\\\\foo')"]));

const urls = [
  "http://user:pass@sub.example.com:8080/p/a/t/h?query=string#hash", "//some_path", "HTTP://EXAMPLE.com/", "http://www.ex\u00e4mple.com/", "http://a.com:80",
  "http:/baz/../all-encompassing", "mailto:foo@bar.com?subject=hello", "javascript:alert('hello');", "file:///etc/node/", "file:etc", "/a/b?c=d#e", "?a", "#b", "", "  x y  ",
  "http://a@b@c/", "http://a@b?@c", "http://a\rb:1/", "http://x.com/path?that's#all, folks", "http://[::1]:80/x", "http://[fe80::1", "x://ss", "http://atpass:foo%40bar@127.0.0.1:8080/path?search=foo#bar",
  "http://a.b/\tbc\ndr\ref g\"hq'j<kl>?mn\\op=q=\u001F\\r", "http:\\\\evil-phish\\foo.html", "http://-your.host", "xmpp:isaacs@jabber.org", "git+http://user:pass@h/x", "a:b", "http://x:y", "http://x:1:2/",
  "HtTp://x.y.cOm;a/b/c?d=e#f g<h>i", "http://x.y.com+a/b/c", "http://_jabber._tcp.google.com:80/test", "http://example.com/%00", "http://ex ample.com/", "svn+ssh://foo/bar", "dash-test:foo", "http://%zz@x/", "http://a.com/\t\r\n", "ftp://x", "ws://x?y",
].map((url) => JSON.stringify(url));
same("url: parse and format", "const url = require('url')", urls.flatMap((text) => [
  `({ ...url.parse(${text}) })`, `({ ...url.parse(${text}, true) })`, `({ ...url.parse(${text}, false, true) })`, `url.format(url.parse(${text}))`, `url.format(${text})`,
]));

const bases = ["http://a/b/c/d;p?q", "/one/two/three", "http://example.com/one", "mailto:local1@domain1", "", "file:///a/b", "http://u:p@h:1/x?y#z", "a/b", ".", "x:y/z"];
const references = ["g:h", "g", "./g", "g/", "/g", "//g", "?y", "g?y", "#s", "", ".", "./", "..", "../..", "../../../g", "/./g", "g..", "./../g", "g;x=1/../y", "http:g", "http://x/y", "//h/p", "local2@domain2", "mailto:a@b", "/a/../b//c", "javascript:1"];
same("url: resolve", "const url = require('url')", bases.flatMap((base) => references.map((reference) =>
  `[url.resolve(${JSON.stringify(base)}, ${JSON.stringify(reference)}), { ...url.resolveObject(${JSON.stringify(base)}, ${JSON.stringify(reference)}) }.href]`)));

same("url: the rest", "const url = require('url')", [
  "url.fileURLToPath('file:///a%20b/c')", "url.fileURLToPath(new URL('file:///x'))", "url.fileURLToPath('http://x')", "url.fileURLToPath('file://host/x')", "url.fileURLToPath('file:///a%2fb')", "url.fileURLToPath(1)",
  "url.pathToFileURL('/a b/c#d?e%f\\\\g').href", "url.pathToFileURL('/a/').href", "url.pathToFileURL('/').href", "url.pathToFileURL('/\\u00e4\\n').href", "url.pathToFileURL(1)",
  "url.domainToASCII('\\u4e2d\\u6587.com')", "url.domainToUnicode('xn--fiq228c.com')", "url.domainToASCII('xn--i\\u00f1valid.com')", "url.domainToASCII()",
  "{ ...url.urlToHttpOptions(new URL('https://a:b@x.y:1/p?q#h')) }", "url.format(new URL('http://a:b@xn--fiq228c.com/x?y#z'), { auth: false, unicode: true, fragment: false, search: false })",
  "url.format({ host: 'a', query: { b: [1, 2], c: true } })", "url.format({ protocol: 'http', hostname: '::1', port: 1, pathname: 'x?#' })", "url.format(1)", "url.parse(1)", "url.parse()",
  "url.URL === URL && url.URLSearchParams === URLSearchParams", "Object.keys(url).sort()", "url.fileURLToPathBuffer('file:///a%ff').toString('hex')",
]);

const queries = ["", "a", "a=", "=a", "=", "a=b&c=d", "a=b&a=c&a=d", "a%20b=%C3%A4", "a=%zz", "a+b=c+d", "&&a=1&&", "__proto__=1", "a=%E4", "a=b=c", "%", "%a", "a%3Db=c%26d", "a[]=1&a[]=2", "hasOwnProperty=x", "a=\u00e4&\u{1f600}=1", "foo=%EDndex"].map((text) => JSON.stringify(text));
same("querystring", "const qs = require('querystring')", [
  ...queries.flatMap((text) => [`qs.parse(${text})`, `qs.unescape(${text})`, `qs.escape(${text})`, `qs.stringify(qs.parse(${text}))`, `qs.unescapeBuffer(${text}).toString('latin1')`]),
  "qs.parse('a:b;c:d', ';', ':')", "qs.parse('a==b&&c', '&&', '==')", "qs.parse('a=1&b=2&c=3', null, null, { maxKeys: 2 })", "qs.parse('a=1&b=2', '&', '=', { maxKeys: 0 })",
  "qs.parse('a=%20', null, null, { decodeURIComponent: (s) => '<' + s + '>' })", "qs.stringify({ a: [1, 'x', true, null, undefined, {}, 1e21, 5n, NaN], b: '', c: 'ä&=' })", "qs.stringify({ a: [] })", "qs.stringify(null)", "qs.stringify('x')",
  "qs.stringify({ a: 'b c', d: 1 }, ';', ':', { encodeURIComponent: (s) => '<' + s + '>' })", "qs.escape({})", "qs.escape('\\ud800')", "qs.escape(5)", "qs.stringify({ 'ü': 'ü' })", "qs.escape('\\u{1f600}\\ud800a')", "Object.keys(qs)",
  "Array.from({ length: 1200 }, (_, i) => 'k' + i + '=1').join('&').length && Object.keys(qs.parse(Array.from({ length: 1200 }, (_, i) => 'k' + i + '=1').join('&'))).length",
]);
