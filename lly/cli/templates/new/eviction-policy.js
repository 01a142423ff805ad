// The eviction policy @NAME@: while a host lacks memory, the voids that have waited longest for a request sleep, at most
// as many as give back what is wanted.
//
// A policy decides and can touch nothing. Every decision has a fresh instance, bounds on steps, time and memory, and is
// checked before anybody believes it. JavaScript takes some twenty times the steps that compiled code takes.
/// <reference path="./bindings/eviction-policy.d.ts" />

/** @type {import("lily:eviction@0.1.0").evict} */
export function evict(memory, voids) {
    const evicted = [];
    let wanted = memory.bytesWanted;
    if (wanted === 0) return evicted;
    const { idleSeconds, codeBytes } = voids;
    // The longest wait first, of several the first: one number each, because comparing in JavaScript takes many steps.
    const keys = Float64Array.from(idleSeconds, (idle, index) => (2 ** 32 - idle) * 2 ** 20 + index).sort();
    for (const key of keys) {
        const index = key % 2 ** 20;
        if (wanted <= 0) break;
        wanted -= codeBytes[index];
        evicted.push({
            void: index,
            reason: `no request for ${idleSeconds[index]} s, and the host lacks memory`,
        });
    }
    return evicted;
}
