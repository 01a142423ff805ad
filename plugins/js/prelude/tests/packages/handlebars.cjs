const Handlebars = require("handlebars");
Handlebars.registerHelper("loud", (text) => text.toUpperCase());
Handlebars.registerPartial("item", "<li>{{name}} {{#if new}}!{{/if}}</li>");
const template = Handlebars.compile("<p>Hello, {{loud name}}. {{{raw}}} {{raw}}</p><ul>{{#each kids}}{{> item}}{{else}}none{{/each}}</ul>{{#with a.b}}{{c}}{{/with}}");
console.log(template({ name: "Alan", raw: "<b>&</b>", kids: [{ name: "Jimmy", new: true }, { name: "Sally" }], a: { b: { c: 5 } } }));
console.log(template({ name: "x", kids: [] }));
try { Handlebars.compile("{{#if}")({}); } catch (error) { console.log(error.message.split("\n")[0]); }
