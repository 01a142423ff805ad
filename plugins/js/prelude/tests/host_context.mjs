// The double's async context: one slot that follows promises, by Node's own AsyncLocalStorage.
// Hooks that a test calls begin with what the test has in the slot: nothing.

import { AsyncLocalStorage } from "node:async_hooks";

export function contextHost() {
  const slot = new AsyncLocalStorage();
  return {
    asyncContext: () => slot.getStore(),
    setAsyncContext: (mapping) => slot.enterWith(mapping),
  };
}
