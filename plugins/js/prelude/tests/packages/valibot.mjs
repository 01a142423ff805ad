import * as v from "valibot";

const Login = v.object({ email: v.pipe(v.string(), v.email()), password: v.pipe(v.string(), v.minLength(8)), age: v.optional(v.number(), 18) });
console.log(v.parse(Login, { email: "jane@example.com", password: "12345678" }));
const result = v.safeParse(Login, { email: "", password: 1 });
console.log(result.success, result.issues.map((issue) => [v.getDotPath(issue), issue.message]), v.flatten(result.issues));
console.log(v.is(v.union([v.string(), v.literal(5)]), 5), v.parse(v.pipe(v.string(), v.transform((text) => text.split(","))), "a,b"));
console.log(await v.safeParseAsync(v.pipeAsync(v.string(), v.checkAsync(async (text) => text === "x", "no x")), "y").then((r) => r.issues[0].message));
try { v.parse(Login, null); } catch (error) { console.log(error.name, error.message); }
