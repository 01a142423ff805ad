// The placement policy @NAME@: a void goes to the host with the fewest placements, in the region that its owner wants if
// there is a host. Of several that are alike, the first.
//
// A policy decides and can touch nothing. Every decision has a fresh instance, bounds on steps, time and memory, and is
// checked before anybody believes it. JavaScript takes some twenty times the steps that compiled code takes.
/// <reference path="./bindings/placement-policy.d.ts" />

/** @type {import("lily:policy@0.1.0").choose} */
export function choose(request, caps) {
    // Regions are named once and meant by their number; -1 is none.
    const wanted = request.region === null ? -1 : caps.regions.indexOf(request.region);
    const { region, placements } = caps;
    let best = null;
    let there = false;
    for (let index = 0; index < placements.length; index++) {
        const here = region[index] === wanted;
        const better = best === null || (here === there ? placements[index] < placements[best] : here);
        if (better) [best, there] = [index, here];
    }
    if (best === null) return { cap: null, reason: "there is no host" };
    return { cap: best, reason: `the fewest placements: ${placements[best]}` };
}
