import { z } from "zod";

const User = z.object({ name: z.string().min(2), age: z.number().int().positive().optional(), email: z.email(), tags: z.array(z.string()).default([]) });
console.log(User.parse({ name: "Ada", email: "ada@example.com" }));
const bad = User.safeParse({ name: "A", age: -1.5, email: "x", tags: [1] });
console.log(bad.success, bad.error.issues.map((issue) => [issue.path.join("."), issue.code, issue.message]));
console.log(z.prettifyError(bad.error));
const Shape = z.discriminatedUnion("kind", [z.object({ kind: z.literal("circle"), r: z.number() }), z.object({ kind: z.literal("square"), a: z.number() })]);
console.log(Shape.parse({ kind: "circle", r: 1 }), Shape.safeParse({ kind: "x" }).success);
console.log(z.coerce.number().parse("42"), z.string().transform((text) => text.length).parse("four"), z.iso.datetime().safeParse("2020-01-01T00:00:00Z").success);
console.log(await z.string().refine(async (text) => text === "ok", "not ok").safeParseAsync("no").then((r) => r.error.issues[0].message));
console.log(JSON.stringify(z.toJSONSchema(User)));
try { User.parse(5); } catch (error) { console.log(error instanceof z.ZodError, error.name, error.message); }
