// What the constructors of Intl share: reading options, the hidden state of a formatter, its shape.
// https://tc39.es/ecma402/#sec-getoption

/** An option as a string, one of `allowed` if that is given. */
export function textOption(options, name, allowed, fallback, where) {
  const value = options[name];
  if (value === undefined) return fallback;
  const text = `${value}`;
  if (allowed !== null && !allowed.includes(text))
    throw new RangeError(`Value ${text} out of range for ${where} options property ${name}`);
  return text;
}

export function booleanOption(options, name, fallback) {
  const value = options[name];
  return value === undefined ? fallback : Boolean(value);
}

/** A whole number between two bounds. */
export function numberOption(options, name, least, most, fallback) {
  return boundedNumber(options[name], name, least, most, fallback);
}

export function boundedNumber(value, name, least, most, fallback) {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!(number >= least && number <= most)) throw new RangeError(`${name} value is out of range.`);
  return Math.floor(number);
}

/** Options that must be an object, as the newer constructors want them. */
export function optionsObject(options) {
  if (options === undefined) return Object.create(null);
  if ((typeof options !== "object" && typeof options !== "function") || options === null)
    throw new TypeError("Incorrect options provided");
  return options;
}

/** The hidden state of the objects of one constructor. */
export class States {
  #states = new WeakMap();
  #name;

  constructor(name) {
    this.#name = name;
  }

  set(object, state) {
    this.#states.set(object, state);
    return object;
  }

  has(object) {
    return this.#states.has(object);
  }

  get(object, method) {
    const state = this.#states.get(object);
    if (state !== undefined) return state;
    let receiver;
    try {
      receiver =
        typeof object === "object" && object !== null ? `#<${object.constructor.name}>` : String(object);
    } catch {
      receiver = "#<Object>";
    }
    throw new TypeError(
      `Method ${this.#name}.prototype.${method} called on incompatible receiver ${receiver}`,
    );
  }
}

/** Gives a constructor the name and the tag that it has in Intl, and its static `supportedLocalesOf`. */
export function shape(constructor, name, supportedLocalesOf) {
  Object.defineProperty(constructor, "name", { value: name, configurable: true });
  Object.defineProperty(constructor, "length", { value: 0, configurable: true });
  Object.defineProperty(constructor, "prototype", { writable: false });
  Object.defineProperty(constructor.prototype, Symbol.toStringTag, {
    value: `Intl.${name}`,
    configurable: true,
  });
  if (supportedLocalesOf !== undefined) {
    const methods = {
      supportedLocalesOf(locales) {
        return supportedLocalesOf(locales, arguments[1]);
      },
    };
    Object.defineProperty(constructor, "supportedLocalesOf", {
      value: methods.supportedLocalesOf,
      writable: true,
      enumerable: false,
      configurable: true,
    });
  }
  return constructor;
}

/** A table's rows by their first `width` letters, split when it is first asked. */
export function table(text, width) {
  let rows = null;
  return (key) => {
    if (rows === null) {
      rows = new Map();
      for (const row of text.split("|")) rows.set(row.slice(0, width), row.slice(width));
    }
    return rows.get(key);
  };
}
