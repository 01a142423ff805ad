import Mustache from "mustache";

const view = { title: "Joe", calc() { return 2 + 4; }, people: [{ name: "A" }, { name: "B" }], html: "<b>", nested: { deep: { x: 1 } }, bold() { return (text, render) => `<b>${render(text)}</b>`; } };
console.log(Mustache.render("{{title}} spends {{calc}} {{#people}}{{name}},{{/people}}{{^none}}nobody{{/none}} {{html}} {{{html}}} {{nested.deep.x}} {{#bold}}Hi {{title}}.{{/bold}} {{> p}}", view, { p: "partial {{title}}" }));
console.log(Mustache.parse("{{a}} b").length, Mustache.render("<% x %>", { x: 1 }, {}, ["<%", "%>"]));
