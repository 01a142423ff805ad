// The hooks that the engine calls (host.d.ts, Hooks). Each part of the prelude adds its own here;
// main.js hands the whole to the engine once, at load.

/** @type {import("lily:host").Hooks} */
export const hooks = { __proto__: null };
