// Serves a handler with Node's own HTTP server: node serve_node.mjs HANDLER ADDRESS PORT.

import { createServer } from "node:http";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [handler, address, port] = process.argv.slice(2);
const { default: program } = await import(pathToFileURL(resolve(handler)));

createServer(async (incoming, outgoing) => {
  const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method,
    headers: incoming.headers,
  });
  const response = await program.fetch(request, {}, {});
  const body = Buffer.from(await response.arrayBuffer());
  outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), "content-length": body.length });
  outgoing.end(body);
}).listen(Number(port), address);
