// `util.parseArgs`. Follows https://nodejs.org/api/util.html#utilparseargsconfig and
// `lib/internal/util/parse_args` of Node (MIT).

import { codes } from "./errors.js";
import { validateArray, validateBoolean, validateObject, validateString } from "./validate.js";

const {
  ERR_INVALID_ARG_TYPE,
  ERR_INVALID_ARG_VALUE,
  ERR_PARSE_ARGS_INVALID_OPTION_VALUE,
  ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL,
  ERR_PARSE_ARGS_UNKNOWN_OPTION,
} = codes;

const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);
const setting = (options, option, name) =>
  Object.hasOwn(options, option) ? own(options[option], name) : undefined;
const takesText = (options, option) => setting(options, option, "type") === "string";

function longOf(short, options) {
  return Object.entries(options).find(([, config]) => own(config, "short") === short)?.[0] ?? short;
}

function validateAll(list, name, validate) {
  validateArray(list, name);
  list.forEach((value, at) => validate(value, `${name}[${at}]`));
}

function validateConfig(options) {
  for (const [option, config] of Object.entries(options)) {
    const name = `options.${option}`;
    validateObject(config, name);
    const type = own(config, "type");
    if (type !== "string" && type !== "boolean")
      throw new ERR_INVALID_ARG_TYPE(`${name}.type`, "('string|boolean')", type);
    if (Object.hasOwn(config, "short")) {
      validateString(config.short, `${name}.short`);
      if (config.short.length !== 1)
        throw new ERR_INVALID_ARG_VALUE(`${name}.short`, config.short, "must be a single character");
    }
    if (Object.hasOwn(config, "multiple")) validateBoolean(config.multiple, `${name}.multiple`);
    const initial = own(config, "default");
    if (initial === undefined) continue;
    const validate = type === "string" ? validateString : validateBoolean;
    if (own(config, "multiple")) validateAll(initial, `${name}.default`, validate);
    else validate(initial, `${name}.default`);
  }
}

/** `-abc` → `-a -b -c`; what follows an option that takes text stays with it. */
function expanded(group, options) {
  const made = [];
  for (let at = 1; at < group.length; at += 1) {
    if (takesText(options, longOf(group[at], options)) && at < group.length - 1)
      return [...made, `-${group.slice(at)}`];
    made.push(`-${group[at]}`);
  }
  return made;
}

function tokensOf(args, options) {
  const tokens = [];
  const left = [...args];
  let index = -1;
  let fromGroup = 0;
  const option = (name, rawName, value, inlineValue) =>
    tokens.push({ kind: "option", name, rawName, index, value, inlineValue });
  // The value is the next argument, whatever it begins with.
  const withNext = (name, rawName) => {
    const takes = takesText(options, name) && left.length > 0 && left[0] !== null && left[0] !== undefined;
    option(name, rawName, takes ? left.shift() : undefined, takes ? false : undefined);
    if (takes) index += 1;
  };
  while (left.length > 0) {
    const arg = left.shift();
    if (fromGroup > 0) fromGroup -= 1;
    else index += 1;
    if (arg === "--") {
      tokens.push({ kind: "option-terminator", index });
      for (const value of left) tokens.push({ kind: "positional", index: (index += 1), value });
      break;
    }
    const isShort = arg.length > 1 && arg[0] === "-" && arg[1] !== "-";
    const long = isShort ? longOf(arg[1], options) : undefined;
    if (isShort && arg.length === 2) withNext(long, arg);
    else if (isShort && takesText(options, long)) option(long, `-${arg[1]}`, arg.slice(2), true);
    else if (isShort) {
      const group = expanded(arg, options);
      left.unshift(...group);
      fromGroup = group.length;
    } else if (arg.length > 2 && arg.startsWith("--")) {
      const equals = arg.indexOf("=", 3);
      if (equals < 0) withNext(arg.slice(2), arg);
      else option(arg.slice(2, equals), arg.slice(0, equals), arg.slice(equals + 1), true);
    } else tokens.push({ kind: "positional", index, value: arg });
  }
  return tokens;
}

function checkUsage(token, { options, allowNegative, allowPositionals }) {
  let { name } = token;
  if (!Object.hasOwn(options, name)) {
    const positive = allowNegative && name.startsWith("no-") ? name.slice(3) : undefined;
    if (positive === undefined || setting(options, positive, "type") !== "boolean") {
      throw new ERR_PARSE_ARGS_UNKNOWN_OPTION(token.rawName, allowPositionals);
    }
    name = positive;
  }
  const short = setting(options, name, "short");
  const shown = `${short ? `-${short}, ` : ""}--${name}`;
  const isText = takesText(options, name);
  const hasValue = token.value !== undefined && token.value !== null;
  if (isText && typeof token.value !== "string")
    throw new ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${shown} <value>' argument missing`);
  if (!isText && hasValue)
    throw new ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${shown}' does not take an argument`);
  if (token.inlineValue || !hasValue || token.value.length < 2 || token.value[0] !== "-") return;
  const example = token.rawName.startsWith("--")
    ? `'${token.rawName}=-XYZ'`
    : `'--${token.name}=-XYZ' or '${token.rawName}-XYZ'`;
  throw new ERR_PARSE_ARGS_INVALID_OPTION_VALUE(`Option '${token.rawName}' argument is ambiguous.
Did you forget to specify the option argument for '${token.rawName}'?
To specify an option argument starting with a dash use ${example}.`);
}

function store(token, options, values, allowNegative) {
  let { value } = token;
  if (token.name === "__proto__") return;
  if (allowNegative && token.name.startsWith("no-") && value === undefined) {
    token.name = token.name.slice(3);
    value = false;
  }
  if (!setting(options, token.name, "multiple")) values[token.name] = value ?? true;
  else if (values[token.name]) values[token.name].push(value ?? true);
  else values[token.name] = [value ?? true];
}

export function parseArgs(config = {}) {
  const args = own(config, "args") ?? globalThis.process.argv.slice(2);
  const strict = own(config, "strict") ?? true;
  const allowPositionals = own(config, "allowPositionals") ?? !strict;
  const wantsTokens = own(config, "tokens") ?? false;
  const allowNegative = own(config, "allowNegative") ?? false;
  const options = own(config, "options") ?? Object.create(null);
  validateArray(args, "args");
  validateBoolean(strict, "strict");
  validateBoolean(allowPositionals, "allowPositionals");
  validateBoolean(wantsTokens, "tokens");
  validateBoolean(allowNegative, "allowNegative");
  validateObject(options, "options");
  validateConfig(options);
  const tokens = tokensOf(args, options);
  const result = { values: Object.create(null), positionals: [] };
  if (wantsTokens) result.tokens = tokens;
  for (const token of tokens) {
    if (token.kind === "option") {
      if (strict) checkUsage(token, { options, allowNegative, allowPositionals });
      store(token, options, result.values, allowNegative);
    } else if (token.kind === "positional") {
      if (!allowPositionals) throw new ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL(token.value);
      result.positionals.push(token.value);
    }
  }
  for (const [option, one] of Object.entries(options)) {
    const initial = own(one, "default");
    if (initial !== undefined && result.values[option] === undefined && option !== "__proto__")
      result.values[option] = initial;
  }
  return result;
}
