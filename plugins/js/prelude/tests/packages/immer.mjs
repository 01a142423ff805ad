import { applyPatches, enableMapSet, enablePatches, produce, produceWithPatches } from "immer";

enableMapSet(); enablePatches();
const base = [{ title: "Learn", done: true }, { title: "Try", done: false }];
const next = produce(base, (draft) => { draft[1].done = true; draft.push({ title: "Tweet" }); });
console.log(base.length, next, base[0] === next[0], Object.isFrozen(next));
const [state, patches, inverse] = produceWithPatches({ m: new Map([["a", { n: 1 }]]), s: new Set([1]) }, (draft) => { draft.m.get("a").n = 2; draft.s.add(2); });
console.log(state, patches, inverse, applyPatches(state, inverse));
console.log(await produce(Promise.resolve ? { a: 1 } : 0, (draft) => { draft.a += 1; }));
try { next[0].done = false; } catch (error) { console.log(error.name); }
