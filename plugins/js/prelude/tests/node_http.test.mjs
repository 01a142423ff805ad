// The client of node:http under the prelude against Node's own: the same program, the same server.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { httpHost } from "./host_http.mjs";
import { both, sides } from "./node_same.mjs";

function handle(method, path, headers, body) {
  const told = { method, path, body, type: headers["content-type"] ?? null, auth: headers.authorization ?? null, own: headers["x-own"] ?? null };
  if (path === "/moved") return { status: 302, headers: [["location", "/elsewhere"]], body: "" };
  if (path === "/cookies") return { status: 200, headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x-twice", "1"], ["x-twice", "2"]], body: "" };
  if (path === "/none") return { status: 204, headers: [], body: "" };
  return { status: path === "/bad" ? 500 : 200, headers: [["content-type", "application/json"]], body: JSON.stringify(told) };
}

const setup = `const http = require('http'); const https = require('https');
  const read = async (r) => { let text = ''; r.setEncoding('utf8'); for await (const c of r) text += c; return [r.statusCode, r.statusMessage, r.headers['content-type'] ?? null, r.headers.location ?? null, r.headers['set-cookie'] ?? null, r.headers['x-twice'] ?? null, text, r.complete]; };
  const ask = (options, body) => new Promise((resolve, reject) => { const q = http.request(options, (r) => read(r).then(resolve, reject)); q.on('error', reject); q.end(body); })`;

const cases = [
  "ask({ port: PORT, path: '/a?b=c' })", "ask('http://localhost:' + PORT + '/x')", "ask(new URL('http://localhost:' + PORT + '/y'))", "ask({ hostname: 'localhost', port: PORT, method: 'POST', headers: { 'Content-Type': 'text/plain', 'X-Own': 'v' } }, 'sent')",
  "ask({ port: PORT, auth: 'me:secret' })", "ask({ port: PORT, path: '/moved' })", "ask({ port: PORT, path: '/cookies' })", "ask({ port: PORT, path: '/bad' })", "ask({ port: PORT, path: '/none' })", "ask({ port: PORT, path: '/with space' })", "ask({ port: PORT, protocol: 'https:' })",
  "return new Promise((r) => http.get({ port: PORT, path: '/g' }, (res) => { const parts = []; res.on('data', (c) => parts.push(c)).on('end', () => r(JSON.parse(Buffer.concat(parts)).path)); }));", "return new Promise((r) => { const q = http.request({ port: PORT, method: 'PUT' }, async (res) => r(await read(res))); q.write('one '); q.write(Buffer.from('two ')); q.end('three'); });",
  "const q = http.request({ port: PORT }); q.setHeader('A', '1'); const out = [q.getHeader('a'), q.hasHeader('A'), q.getHeaderNames().filter((n) => n !== 'host'), q.method, q.path, q.host, q.protocol]; q.removeHeader('a'); out.push(q.getHeader('a')); q.on('error', () => {}); q.destroy(); return out",
  "return new Promise((r) => { const q = http.request({ port: PORT }); q.on('error', (e) => r([e.code, e.message])); q.destroy(); });", "return new Promise((r) => { const c = new AbortController(); const q = http.request({ port: PORT, signal: c.signal }); q.on('error', (e) => r(e.name)); c.abort(); });", "http.request({ port: PORT, method: 5 })", "http.METHODS.includes('PATCH') && http.STATUS_CODES[404]", "new http.Agent({ keepAlive: true }).keepAlive", "http.validateHeaderName('a b')", "http.validateHeaderValue('a', 'x\\n')", "typeof http.globalAgent.maxSockets",
];

test("http: the client", async () => {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const answer = handle(request.method, request.url, request.headers, body);
    response.sendDate = false;
    for (const [name, value] of answer.headers) response.appendHeader(name, value);
    response.statusCode = answer.status;
    response.end(answer.body);
  }).listen(0);
  await once(server, "listening");
  const lily = await sides({ parts: [httpHost] });
  lily.answer = async ({ method, url, headers, body }) => {
    const given = {};
    for (let at = 0; at < headers.length; at += 2) given[headers[at].toLowerCase()] = headers[at + 1];
    const { pathname, search } = new URL(url);
    const sent = await body;
    const answer = handle(method, pathname + search, given, sent === null ? "" : sent.toString());
    return { status: answer.status, headers: answer.headers.flat(), body: answer.body === "" ? [] : [answer.body] };
  };
  globalThis.PORT = server.address().port;
  lily.context.PORT = globalThis.PORT;
  const failures = [];
  for (const text of cases) {
    // What never settles is a failure, not a wait.
    const [ours, nodes] = await Promise.race([both(lily, setup, text), sleep(2000, ["nothing", ""])]);
    if (ours !== nodes) failures.push(`${text}\n  lily: ${ours}\n  node: ${nodes}`);
  }
  server.closeAllConnections();
  server.close();
  assert.equal(failures.length, 0, `${failures.length} of ${cases.length} differ:\n${failures.join("\n")}`);
});
