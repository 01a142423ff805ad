import { Hono } from "hono";
import { html } from "hono/html";
import { cors } from "hono/cors";
import { getCookie, setCookie } from "hono/cookie";
import { HTTPException } from "hono/http-exception";

const app = new Hono();
app.use("/api/*", cors());
app.use(async (c, next) => { await next(); c.header("X-Powered-By", "lily"); });
app.get("/", (c) => c.text("Hono!"));
app.get("/api/posts/:id", (c) => c.json({ id: c.req.param("id"), page: c.req.query("page") ?? null }));
app.post("/api/posts", async (c) => c.json(await c.req.json(), 201));
app.get("/page", (c) => c.html(html`<h1>${"<b>"}</h1>`));
app.get("/cookie", (c) => { setCookie(c, "seen", "yes"); return c.text(getCookie(c, "who") ?? "nobody"); });
app.get("/boom", () => { throw new HTTPException(401, { message: "no entry" }); });
app.get("/stream", (c) => c.body(new ReadableStream({ start(s) { s.enqueue(new TextEncoder().encode("chunk")); s.close(); } })));
app.notFound((c) => c.text("nothing here", 404));

for (const [path, init] of [["/"], ["/api/posts/7?page=2"], ["/api/posts", { method: "POST", body: '{"a":1}', headers: { "content-type": "application/json" } }], ["/page"], ["/cookie", { headers: { cookie: "who=me" } }], ["/boom"], ["/stream"], ["/nope"]]) {
  const answer = await app.request(path, init);
  console.log(path, answer.status, answer.headers.get("content-type"), answer.headers.get("x-powered-by"), answer.headers.get("set-cookie"), answer.headers.get("access-control-allow-origin"), await answer.text());
}
console.log(await (await app.fetch(new Request("http://localhost/"))).text());
