const pino = require("pino");
const lines = [];
const logger = pino({ base: { app: "x" }, timestamp: false, redact: ["secret"], formatters: { level: (label) => ({ level: label }) } }, { write: (line) => lines.push(line) });
logger.info({ a: 1, secret: "s" }, "hello %s", "world");
logger.child({ module: "foo" }).warn("careful");
logger.debug("not shown");
logger.error(Object.assign(new Error("boom"), { stack: "s" }));
console.log(lines.join(""), logger.isLevelEnabled("debug"));
