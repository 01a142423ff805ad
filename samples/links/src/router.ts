/** What a handler is given. */
export interface Context {
  request: Request;
  url: URL;
  /** What stood where the pattern has `:name`. */
  params: Record<string, string>;
}

export type Handler = (context: Context) => Response | Promise<Response>;

interface Route {
  method: string;
  pattern: URLPattern;
  handler: Handler;
}

/** Leads requests to handlers: the first pattern that fits wins. */
export class Router {
  #routes: Route[] = [];

  get(pathname: string, handler: Handler): this {
    return this.#add("GET", pathname, handler);
  }

  post(pathname: string, handler: Handler): this {
    return this.#add("POST", pathname, handler);
  }

  #add(method: string, pathname: string, handler: Handler): this {
    this.#routes.push({ method, pattern: new URLPattern({ pathname }), handler });
    return this;
  }

  async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const fitting = this.#routes.filter(({ pattern }) => pattern.test({ pathname: url.pathname }));
    // Who asks for the head of a page is answered as who asks for the page; the host leaves the body out.
    const wanted = request.method === "HEAD" ? "GET" : request.method;
    const route = fitting.find(({ method }) => method === wanted);
    if (route !== undefined) {
      const found = route.pattern.exec({ pathname: url.pathname });
      const params = { ...found?.pathname.groups } as Record<string, string>;
      return route.handler({ request, url, params });
    }
    if (fitting.length === 0) return new Response("not found\n", { status: 404 });
    const allow = [...new Set(fitting.map(({ method }) => method))].join(", ");
    return new Response("method not allowed\n", { status: 405, headers: { allow } });
  }
}
