// The `process` that npm `readable-stream` asks for: ticks, and no standard streams of its own, since
// those of process.js are made of the library's classes.

import { nextTick } from "./ticks.js";
import { emitWarning } from "./warning.js";

export default { nextTick, emitWarning, env: {}, platform: "linux", stdout: undefined, stderr: undefined };
