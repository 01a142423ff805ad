import { customAlphabet, customRandom, nanoid, urlAlphabet } from "nanoid";

console.log(nanoid().length, nanoid(10).length, /^[A-Za-z0-9_-]+$/.test(nanoid()), nanoid() !== nanoid(), customAlphabet("1234567890abcdef", 10)().length, /^[0-9a-f]+$/.test(customAlphabet("1234567890abcdef", 10)()), customRandom("abcdef", 10, (size) => new Uint8Array(size).map((_, at) => at))(), urlAlphabet.length);
