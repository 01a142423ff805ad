import * as cheerio from "cheerio";

const $ = cheerio.load('<h2 class="title">Hello world</h2><ul id="fruits"><li class="apple">Apple</li><li>Pear</li></ul>');
$("h2.title").text("Hello there!").addClass("welcome");
$("#fruits").append("<li data-x=1>Plum</li>");
console.log($.html(), $("li").map((_, li) => $(li).text()).get(), $("li").last().data("x"), $(".apple", "#fruits").next().text());
