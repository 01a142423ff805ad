// Makes a page of 50 KB out of a table of values, each escaped.

const rows = Array.from({ length: 304 }, (_, at) => ({
  id: at,
  name: `Item <${at}> & "more"`,
  price: (at * 1.37).toFixed(2),
  text: "Well kept & 'as new', hardly <b>ever</b> used.",
}));

const marks = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (value) => String(value).replace(/[&<>"']/g, (mark) => marks[mark]);

const row = ({ id, name, price, text }) =>
  `<tr id="row-${id}"><td>${escape(name)}</td><td>${escape(price)}</td><td>${escape(text)}</td></tr>\n`;

export default {
  fetch() {
    const page = `<!doctype html>\n<title>Items</title>\n<table>\n${rows.map(row).join("")}</table>\n`;
    return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
  },
};
