import { Eta } from "eta";

const eta = new Eta();
console.log(eta.renderString("Hi <%= it.name %>! <% it.list.forEach((x) => { %>[<%= x %>]<% }) %> <%~ it.raw %> <%= it.raw %>", { name: "Ben", list: [1, 2], raw: "<b>" }));
console.log(await eta.renderStringAsync("<%= await it.later %>", { later: Promise.resolve("later") }));
eta.loadTemplate("@greet", "Hello <%= it.who %>");
console.log(eta.renderString('<%~ include("@greet", { who: "you" }) %>', {}));
