// node:vm in the one global object.

import { same } from "./node_same.mjs";

same("node:vm", "const vm = require('vm');", [
  "vm.runInThisContext('1 + 1')",
  "vm.runInThisContext('var vmA = 5; vmA') + globalThis.vmA",
  "new vm.Script('globalThis.vmB = 7; vmB * 2').runInThisContext()",
  "const script = new vm.Script('globalThis.vmC = (globalThis.vmC ?? 0) + 1'); script.runInThisContext(); return script.runInThisContext()",
  "try { new vm.Script('let let') } catch (error) { return error.name }",
  "try { vm.runInThisContext('throw new RangeError(\"x\")') } catch (error) { return error.name + error.message }",
  "vm.compileFunction('return a + b', ['a', 'b'])(1, 2)",
  "vm.isContext({})",
  "vm.isContext(5)",
  "vm.runInThisContext(5)",
  "vm.compileFunction(5)",
  "vm.compileFunction('', [5])",
  "vm.runInThisContext('1', 5)",
  "Object.keys(vm).filter((key) => !['SourceTextModule', 'SyntheticModule', 'Module'].includes(key)).join()",
]);
