import type { Wanted } from "./validate.ts";

export interface Link extends Wanted {
  made: string;
  visits: number;
}

/** As many as are kept; the oldest goes first. */
const LINKS_MAX = 1000;

/** The links of this instance, by name, in the order in which they were made. */
export class Links {
  readonly #links = new Map<string, Link>();
  readonly #watchers = new Set<(made: Link) => void>();

  /** Nothing if the name is taken. */
  add({ to, name }: Wanted): Link | undefined {
    if (this.#links.has(name)) return undefined;
    const made: Link = { name, to, made: new Date().toISOString(), visits: 0 };
    this.#links.set(name, made);
    if (this.#links.size > LINKS_MAX) {
      const [oldest] = this.#links.keys();
      this.#links.delete(oldest);
    }
    for (const tell of this.#watchers) tell(made);
    return made;
  }

  find(name: string): Link | undefined {
    return this.#links.get(name);
  }

  visit(name: string): Link | undefined {
    const found = this.#links.get(name);
    if (found !== undefined) found.visits += 1;
    return found;
  }

  newest(): Link[] {
    return [...this.#links.values()].reverse();
  }

  /** Tells of each link that is made, until the function that it gives is called. */
  watch(tell: (made: Link) => void): () => void {
    this.#watchers.add(tell);
    return () => this.#watchers.delete(tell);
  }
}
