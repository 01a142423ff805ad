// How the console shows the platform's own objects: `Event { type: 'x', … }` instead of an empty
// class. The method goes by the symbol that Node's util.inspect honours, so that libraries find it.

export const CUSTOM = Symbol.for("nodejs.util.inspect.custom");

/**
 * `fields(object)` answers the plain object whose members are shown after the class's name. Beyond
 * the depth it is shown as any object, or by its name alone.
 */
export function inspectAs(Class, fields, { deep = "object" } = {}) {
  const method = {
    [CUSTOM](depth, options, inspect) {
      const title = this.constructor?.name ?? Class.name;
      if (depth < 0) return deep === "name" ? title : this;
      const shown = { ...options, depth: options.depth == null ? null : options.depth - 1 };
      try {
        return `${title} ${inspect(fields(this), shown)}`;
      } catch {
        return this; // a prototype, or an object made from one: shown as any object
      }
    },
  };
  const property = { value: method[CUSTOM], writable: true, enumerable: false, configurable: true };
  Object.defineProperty(Class.prototype, CUSTOM, property);
}
