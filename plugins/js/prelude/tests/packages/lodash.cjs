const _ = require("lodash");
console.log(_.chunk(["a", "b", "c", "d"], 3), _.defaults({ a: 1 }, { a: 3, b: 2 }), _.groupBy([6.1, 4.2, 6.3], Math.floor), _.get({ a: [{ b: { c: 3 } }] }, "a[0].b.c"), _.camelCase("Foo Bar"), _.cloneDeep({ d: new Date(0), m: new Map([[1, { x: 1 }]]) }));
console.log(_.merge({ a: [{ b: 2 }] }, { a: [{ c: 3 }] }), _.orderBy([{ u: "b", n: 1 }, { u: "a", n: 2 }], ["u"]), _.isEqual({ a: [1] }, { a: [1] }), _.template("hello <%= user %>!")({ user: "fred" }), _.uniqBy([2.1, 1.2, 2.3], Math.floor), _.words("fred, barney"), _.kebabCase("fooBar"), _.deburr("d\u00e9j\u00e0 vu"), _.truncate("hi-diddly-ho there, neighborino"));
const late = _.debounce((x) => console.log("debounced", x), 5); late(1); late(2);
console.log(_([1, 2, 3]).map((x) => x * 2).filter((x) => x > 2).value(), _.isBuffer(Buffer.from("a")), _.isTypedArray(new Uint8Array()), _.range(4), _.sumBy([{ n: 4 }, { n: 2 }], "n"), _.memoize((x) => x)(3));
