import { NIL, parse, stringify, v1, v3, v4, v5, v7, validate, version } from "uuid";

console.log(v5("hello.example.com", v5.DNS), v3("hello.example.com", v3.DNS), v5("Hello, World!", "1b671a64-40d5-491e-99b0-da01ff1f3341"));
console.log([v1(), v4(), v7()].map((id) => [validate(id), version(id), id.length]), NIL, validate("nope"), stringify(parse("6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b")));
console.log(v4({ random: new Uint8Array([0x10, 0x91, 0x56, 0xbe, 0xc4, 0xfb, 0xc1, 0xea, 0x71, 0xb4, 0xef, 0xe1, 0x67, 0x1c, 0x58, 0x36]) }));
