import MarkdownIt from "markdown-it";

const md = new MarkdownIt({ html: true, linkify: true, typographer: true });
console.log(md.render("# markdown-it rulezz!\n\n\"Quotes\" -- (c) https://github.com www.example.com\n\n1. one\n2. two\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n~~s~~ **b** `c`\n\n<div>html</div>\n\n[xn](http://ex\u00e4mple.com/\u00e4?q=\u4e2d)"));
console.log(md.renderInline("__markdown-it__ rulezz!"), md.parse("# x", {}).map((token) => token.type));
