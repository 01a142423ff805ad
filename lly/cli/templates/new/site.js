// `@NAME@`: a site of plain files. What is in `pages/` is served as it is; `pages/about.html` is `/about` too.
//
// It reads what the user granted, and nothing else; what it asks for is in `plugin.json`. The host makes the site: it reads
// the files that are named as assets, compiles programs, and serves the routes.
/// <reference path="./bindings/site.d.ts" />

import project from "lily:site/project@0.1.0";

/** Where the pages are. */
const FOLDER = "pages";

/** @type {import("lily:site@0.1.0").recognise} */
export function recognise() {
    try {
        const found = project.entries(FOLDER).some((entry) => entry.name === "index.html");
        // The command that builds a project, if it has to be built, would need a grant `programs`.
        return found ? { framework: "@NAME@", version: "0.1.0", build: null } : null;
    } catch {
        return null;
    }
}

/** @type {import("lily:site@0.1.0").adapt} */
export function adapt() {
    const site = { assets: [], programs: [], routes: [], diagnostics: [] };
    try {
        collect(FOLDER, site);
    } catch (error) {
        // What the host says: denied, absent or failed, each with its words.
        if (error.payload === undefined) throw error;
        throw [refusal(error.payload.val)];
    }
    if (site.assets.length === 0) throw [refusal(`there is no file in \`${FOLDER}\``)];
    return site;
}

function collect(folder, site) {
    for (const entry of project.entries(folder)) {
        const from = `${folder}/${entry.name}`;
        if (entry.kind === "folder") {
            collect(from, site);
            continue;
        }
        const path = from.slice(FOLDER.length);
        const page = path.slice(0, -".html".length);
        // `:` and `*` mean something in a pattern.
        if (path.endsWith(".html") && !page.endsWith("/index") && /^[A-Za-z0-9\/_-]*$/.test(page)) {
            site.routes.push({ methods: ["GET"], pattern: page, headers: [], target: { tag: "asset", val: path } });
        }
        site.assets.push({ path, from, mediaType: null, cacheSeconds: 0 });
    }
}

function refusal(message) {
    return { severity: "error", message, path: null, line: 0, column: 0 };
}
