import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./host.mjs";

// The prelude is evaluated once and snapshotted: what it asked of the host then would be the same in
// every instance, on every machine.
test("nothing is asked of the host while the prelude loads", async () => {
  const asked = [];
  let isLoaded = false;
  const watch = (lily) => {
    const names = Object.keys(lily.table).filter((name) => name !== "listen");
    return Object.fromEntries(
      names.map((name) => [
        name,
        (...parameters) => {
          if (!isLoaded) asked.push(name);
          return lily.table[name](...parameters);
        },
      ]),
    );
  };
  const lily = await load({ parts: [watch] });
  isLoaded = true;
  assert.deepEqual(asked, []);
  assert.equal(typeof lily.run("Date.now()"), "number");
});
