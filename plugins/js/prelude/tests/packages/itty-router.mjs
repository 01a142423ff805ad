import { AutoRouter, Router, error, json, withParams } from "itty-router";

const router = AutoRouter();
router.get("/hello/:name", ({ name }) => `Hello, ${name}!`).get("/json", () => [1, 2, 3]).get("/q", ({ query }) => query)
  .post("/todo", async (request) => ({ got: await request.json() })).get("/teapot", () => error(418, "short and stout"));
const ask = async (path, init) => {
  const answer = await router.fetch(new Request(`https://example.com${path}`, init));
  console.log(path, answer.status, answer.headers.get("content-type"), await answer.text());
};
await ask("/hello/world");
await ask("/json");
await ask("/q?a=1&a=2&b=3");
await ask("/todo", { method: "POST", body: JSON.stringify({ x: 1 }) });
await ask("/teapot");
await ask("/missing");
const plain = Router({ before: [withParams], finally: [json] });
plain.get("/:id+", ({ id }) => ({ id }));
console.log(await (await plain.fetch({ method: "GET", url: "https://x.y/a/b/c" })).text());
