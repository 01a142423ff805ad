const Joi = require("joi");
const schema = Joi.object({ username: Joi.string().alphanum().min(3).max(30).required(), year: Joi.number().integer().min(1900), email: Joi.string().email(), born: Joi.date().iso(), again: Joi.ref("username") }).with("username", "year");
console.log(schema.validate({ username: "abc", year: "1994", born: "2020-01-01" }).value);
console.log(schema.validate({ username: "a!", year: 1.5, email: "x" }, { abortEarly: false }).error.details.map((detail) => detail.message));
schema.validateAsync({}).catch((error) => console.log(error.name, error.message));
