import { Marked, marked } from "marked";

console.log(marked.parse("# Marked in the browser\n\nRendered by **marked**. <b>x</b>\n\n- a\n- b\n  1. c\n\n```js\nlet x = 1 < 2;\n```\n\n| h | i |\n|---|--:|\n| 1 | 2 |\n\n> quote [link](http://x.y \"t\") ![img](a.png) `code` ~~del~~ https://auto.link"));
console.log(marked.lexer("*em*").map((token) => token.type), marked.parseInline("**b** _i_"));
const own = new Marked({ renderer: { heading({ tokens, depth }) { return `<h${depth} class="own">${this.parser.parseInline(tokens)}</h${depth}>`; } } });
console.log(own.parse("## Title *x*"), await marked.parse("async", { async: true }));
