// `util.parseEnv`: the text of a `.env` file → an object. Follows
// https://nodejs.org/api/util.html#utilparseenvcontent and `src/node_dotenv.cc` of Node (MIT).

import { validateString } from "./validate.js";

const lines = /^[ \t]*(?:export[ \t]+)?([^\s=#]+)[ \t]*=[ \t]*("[^"]*"|'[^']*'|`[^`]*`|[^\n#]*)/gm;

export function parseEnv(content) {
  validateString(content, "content");
  const found = {};
  for (const [, name, raw] of content.replaceAll("\r\n", "\n").matchAll(lines)) {
    const quote = raw[0];
    if (quote === '"') found[name] = raw.slice(1, -1).replaceAll("\\n", "\n");
    else if ((quote === "'" || quote === "`") && raw.length > 1 && raw.endsWith(quote))
      found[name] = raw.slice(1, -1);
    else found[name] = raw.trim();
  }
  return found;
}
