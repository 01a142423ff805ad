// A shortener of links: what a small program for the web is made of, in TypeScript without a package.
//
//   GET  /                  public/index.html, which the host serves by itself
//   GET  /api/links         all links, newest first
//   POST /api/links         { "to": "https://…", "name"?: "docs" } makes one
//   GET  /api/links/:name/check   asks the link's target whether it is there
//   GET  /api/feed          the links as they are made, one line of JSON each: a response that goes on
//   GET  /:name             on to the link's target

import { Router, type Context } from "./router.ts";
import { Links } from "./links.ts";
import { link } from "./validate.ts";

// Lives as long as the instance does. What is to survive that belongs into a database.
const links = new Links();
const router = new Router();

router.get("/api/links", () => Response.json(links.newest()));

router.post("/api/links", async ({ request }) => {
  const wanted = link(await request.json().catch(() => undefined));
  if ("problems" in wanted) return Response.json({ problems: wanted.problems }, { status: 422 });
  const made = links.add(wanted.value);
  if (made === undefined) {
    return Response.json({ problems: [`name: "${wanted.value.name}" is taken`] }, { status: 409 });
  }
  return Response.json(made, { status: 201, headers: { location: `/${made.name}` } });
});

router.get("/api/links/:name/check", async ({ params, request }) => {
  const found = links.find(params.name);
  if (found === undefined) return notFound(params.name);
  const answer = await fetch(found.to, { method: "HEAD", signal: request.signal }).catch((error: Error) => error);
  return Response.json(
    answer instanceof Error ? { ok: false, why: answer.message } : { ok: answer.ok, status: answer.status },
  );
});

router.get("/api/feed", ({ request }) => {
  const lines = new ReadableStream<string>({
    start(controller) {
      const stop = links.watch((made) => controller.enqueue(`${JSON.stringify(made)}\n`));
      // The client has left: nobody would take the lines.
      request.signal.addEventListener("abort", stop);
      for (const one of links.newest().reverse()) controller.enqueue(`${JSON.stringify(one)}\n`);
    },
  });
  return new Response(lines.pipeThrough(new TextEncoderStream()), {
    headers: { "content-type": "application/x-ndjson" },
  });
});

router.get("/:name", ({ params }: Context) => {
  const found = links.visit(params.name);
  return found === undefined ? notFound(params.name) : Response.redirect(found.to, 302);
});

function notFound(name: string): Response {
  return Response.json({ problems: [`there is no link "${name}"`] }, { status: 404 });
}

export default {
  fetch: (request: Request): Promise<Response> => router.answer(request),
};
