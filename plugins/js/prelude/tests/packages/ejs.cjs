const ejs = require("ejs");
const template = "<% if (user) { %><h2><%= user.name %></h2><%- raw %><% } %>\n<% for (const x of list) { -%>\n<li><%= x %></li>\n<% } -%>";
console.log(ejs.render(template, { user: { name: "<Tim>" }, raw: "<b>", list: [1, 2] }), ejs.compile("<?= a ?>", { delimiter: "?" })({ a: 1 }));
try { ejs.render("<%= missing.x %>", {}); } catch (error) { console.log(error.message.split("\n").pop()); }
