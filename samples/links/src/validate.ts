/** What a client may ask for. */
export interface Wanted {
  to: string;
  name: string;
}

export type Checked<T> = { value: T } | { problems: string[] };

const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** A link as it came from outside, or everything that is wrong with it. */
export function link(input: unknown): Checked<Wanted> {
  if (typeof input !== "object" || input === null) return { problems: ["the body is no JSON object"] };
  const { to, name = crypto.randomUUID().slice(0, 8) } = input as Record<string, unknown>;
  const problems: string[] = [];
  if (typeof to !== "string" || !isWeb(to)) problems.push("to: an absolute http or https URL is wanted");
  if (typeof name !== "string" || !NAME.test(name)) {
    problems.push("name: 1 to 32 small letters, digits and hyphens are wanted");
  }
  return problems.length > 0 ? { problems } : { value: { to: to as string, name: name as string } };
}

function isWeb(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "http:" || url.protocol === "https:");
}
