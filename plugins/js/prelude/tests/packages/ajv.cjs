const Ajv = require("ajv");
const ajv = new Ajv({ allErrors: true });
const schema = { type: "object", properties: { foo: { type: "integer" }, bar: { type: "string", minLength: 2, nullable: true }, list: { type: "array", items: { enum: [1, 2] } } }, required: ["foo"], additionalProperties: false };
const validate = ajv.compile(schema);
console.log(validate({ foo: 1, bar: "abc", list: [1, 2] }), validate.errors);
console.log(validate({ bar: "x", list: [3], extra: 1 }), ajv.errorsText(validate.errors));
console.log(validate.errors.map((error) => [error.instancePath, error.keyword, error.message]));
