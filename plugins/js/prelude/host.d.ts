// The seam between the prelude and the engine: the types of `import { host } from "lily:host"` and
// of the hooks that the engine calls. Functions are synchronous and never wait; what takes time is
// named by an id from `host.id()` and ends with a hook. After every hook the engine runs all
// microtasks, then `checkpoint`. Headers travel flat: [name, value, name, value, …].

declare module "lily:host" {
  export const host: Host;

  /** An integer, unique in the instance, never 0. */
  type Id = number;
  type FlatHeaders = string[];
  /** What the host keeps between calls (a decoder, a compressor); the prelude drops it. */
  type Handle = number;
  type Encoding = string;

  interface Host
    extends Output, Clock, Timers, Bodies, Outbound, Sockets, AsyncContext, Coding, Urls, Digests, Compression, Program, Files,
      Reflection, Positions {
    /** The next id. */
    id(): Id;
    /** Once, while the prelude loads. */
    listen(hooks: Hooks): void;
  }

  // ---- core ----

  interface Output {
    /** Writes text as UTF-8 (lone surrogates become U+FFFD) to stdout (1) or stderr (2). */
    print(stream: 1 | 2, text: string): void;
  }

  interface Clock {
    /** Milliseconds since 1970, with a fraction. */
    now(): number;
    /** Milliseconds since the instance started, with a fraction; never goes back. */
    monotonic(): number;
    /** Fills the array. */
    random(bytes: Uint8Array): void;
    /**
     * Minutes east of UTC that clocks show in a zone at an instant (milliseconds since 1970), with a fraction where local mean
     * time has seconds (before 1883 New York was at -296.0333…). `zone` is a name of the IANA database, links included ("US/Eastern"),
     * in any case of letters; null: unknown. "UTC" and "Etc/…" are known. Any finite instant is answered: before the first transition
     * by the zone's first offset, after the last by its rule. The database is part of the host, never the machine's own.
     */
    zoneOffset(zone: string, ms: number): number | null;
  }

  interface Timers {
    /** `timer(id)` follows once, at the earliest after `ms` (0 to 2^31-1). A weak timer does not keep the program running. */
    startTimer(id: Id, ms: number, weak?: boolean): void;
    stopTimer(id: Id): void;
  }

  interface Coding {
    utf8Encode(text: string): Uint8Array;
    /** As TextEncoder.encodeInto: UTF-16 units read, bytes written. */
    utf8EncodeInto(text: string, into: Uint8Array): [read: number, written: number];
    /** The whole input at once, no BOM handling; null: bad input and `fatal`. `label` is a name of `encodingName`. */
    decode(label: Encoding, bytes: Uint8Array, fatal: boolean): string | null;
    /** The Encoding Standard's name of a label, in lower case; null: no such encoding, or "replacement". */
    encodingName(label: string): Encoding | null;
    /** A decoder without BOM handling, for input in pieces. */
    newDecoder(label: Encoding, fatal: boolean): Handle;
    /** Null: bad input and `fatal`. After `last` or null the decoder is as new. */
    pushDecoder(decoder: Handle, bytes: Uint8Array, last: boolean): string | null;
    dropDecoder(decoder: Handle): void;
    base64(bytes: Uint8Array, url: boolean): string;
    /** Two lower-case digits a byte. */
    hex(bytes: Uint8Array): string;
    /** The forgiving decode of the Infra standard; null: not base64. */
    unbase64(text: string): Uint8Array | null;
  }

  /** [href, protocol, username, password, hostname, port, pathname, search, hash, origin, host] */
  type UrlParts = [
    href: string, protocol: string, username: string, password: string, hostname: string, port: string,
    pathname: string, search: string, hash: string, origin: string, host: string,
  ];
  type UrlPart =
    | "href" | "protocol" | "username" | "password" | "host" | "hostname" | "port" | "pathname" | "search" | "hash";

  interface Urls {
    /** The URL Standard's parser; null: failure. Texts are scalar values (USVString). */
    parseUrl(text: string, base: string | undefined): UrlParts | null;
    /** The setter of the URL interface; a value that the setter ignores answers the URL as it was; null only for href. */
    setUrl(href: string, part: UrlPart, value: string): UrlParts | null;
  }

  interface Compression {
    /**
     * Throws if too many are open: some 200 that compress, or 1300 that do not. `lenient`: bytes after the end are no error;
     * further members of gzip are read, as long as there is not a zero before them, all else is left.
     */
    zip(format: "gzip" | "deflate" | "deflate-raw", compress: boolean, lenient: boolean): Handle;
    /**
     * Throws on bad or, with `last`, truncated input, on bytes after the end unless it is lenient, and if one push would give
     * more than 64 MiB.
     */
    pushZip(zip: Handle, bytes: Uint8Array, last: boolean): Uint8Array;
    dropZip(zip: Handle): void;
  }

  /** What the language itself does not tell about a value; the console prints it. */
  interface Reflection {
    /**
     * The engine's own class of an object, whatever its prototype says: "Object", "Array", "Error",
     * "Number", "String", "Boolean", "Symbol", "BigInt", "Arguments", "Date", "Module", "Function",
     * "GeneratorFunction", "AsyncFunction", "AsyncGeneratorFunction", "RegExp", "ArrayBuffer",
     * "SharedArrayBuffer", "Uint8Array" (and so on), "DataView", "Map", "Set", "WeakMap", "WeakSet",
     * "MapIterator", "SetIterator", "Generator", "AsyncGenerator", "Promise", "Proxy", "WeakRef", "FinalizationRegistry".
     * Must not run code of the program (no proxy trap).
     */
    kind(value: object): string;
    /** Target and handler; both null once revoked. Only for kind "Proxy". */
    proxyParts(proxy: object): [target: object | null, handler: object | null];
    /** Only for kind "Promise". */
    promiseState(promise: Promise<unknown>): [state: "pending" | "fulfilled" | "rejected", result: unknown];
    /** What is left in a Map's or Set's iterator, which does not advance; `pairs`: of entries(), flat key, value. */
    iteratorRest(iterator: object): [rest: unknown[], pairs: boolean];
  }

  interface Program {
    environment(): string[];
    /** The program's path and what follows it; nothing while the snapshot is made. */
    arguments(): string[];
    /** Ends the program now; never returns. */
    exit(code: number): never;
    /** The code that the program ends with when nothing is left to do. */
    exitCode(code: number): void;
    /** Bytes as they are to stdout or stderr. */
    printBytes(stream: 1 | 2, bytes: Uint8Array): void;
    /** Opens standard input as a body: `pull` and the hooks `body`, `end`, `failed` by its id. */
    standardInput(): Id;
    /** The absolute folder that relative paths begin at. */
    currentDirectory(): string;
    /** Bytes of linear memory in use. */
    memory(): number;
    /** The engine's own: evaluates a script in the global scope, as a classic script of that file name; answers its completion value. */
    runScript(text: string, name: string): unknown;
    /** Asks for the hook `ticks` once: before the jobs when a hook's own code runs now, else when no job is left. */
    tick(): void;
  }

  // ---- files that were granted (prelude of node:fs) ----

  type FileKind = "file" | "folder" | "link" | "other";
  /** Times in milliseconds since 1970, with a fraction; `mode` has the bits of the permissions only. */
  type FileState = [
    kind: FileKind, size: number, accessed: number, modified: number, changed: number, created: number, mode: number,
    inode: number, links: number, device: number,
  ];

  /**
   * Paths are absolute and without dots. All throw an Error whose message is the system's name of the failure alone:
   * "ENOENT", "EACCES" (not granted), "EEXIST", "EISDIR", "ENOTDIR", "ENOTEMPTY", "EROFS", "EBADF", "EINVAL", "ELOOP", "EXDEV".
   */
  interface Files {
    readFile(path: string): Uint8Array;
    /** `flags` are Linux's: O_RDONLY 0, O_WRONLY 1, O_RDWR 2, O_CREAT 64, O_EXCL 128, O_TRUNC 512, O_APPEND 1024. */
    openFile(path: string, flags: number, mode: number): Handle;
    closeFile(file: Handle): void;
    /** How many bytes were read, 0 at the end; `position` −1: where the last read or write left off. */
    readAt(file: Handle, into: Uint8Array, position: number): number;
    writeAt(file: Handle, bytes: Uint8Array, position: number): number;
    truncateFile(file: Handle, size: number): void;
    syncFile(file: Handle): void;
    statHandle(file: Handle): FileState;
    /** `follow`: of what a link leads to. */
    statFile(path: string, follow: boolean): FileState;
    /** Flat: name, kind; sorted by name. */
    readFolder(path: string): string[];
    makeFolder(path: string, mode: number): void;
    removeFile(path: string): void;
    removeFolder(path: string): void;
    renameFile(from: string, to: string): void;
    linkFile(from: string, to: string): void;
    linkSymbolically(target: string, path: string): void;
    readLink(path: string): string;
    setFileTimes(path: string, accessed: number, modified: number): void;
    changeMode(path: string, mode: number): void;
  }

  // ---- HTTP and sockets (prelude of fetch) ----

  // A header's name is in lower case, its value has one code unit for each byte (latin1). The host
  // checks what it is given once more: a program may have broken the prelude's own objects.
  // Chunks that the host gives are fresh memory, the prelude's from then on; what it is given it has
  // copied or sent when the function returns. A call with an id that has ended does nothing.

  interface Bodies {
    /**
     * The answer to `request(id)`: whole, or with `more` its head, with `write` and `finish` to
     * follow. A whole body has its content-length set by the host. For HEAD the host sends no body.
     * Headers of the connection (connection, keep-alive, transfer-encoding, upgrade, te, trailer) are
     * the host's own and left out; so they are from what `request` and `response` give.
     */
    respond(
      id: Id, status: number, statusText: string, headers: FlatHeaders, body: Uint8Array | string | null, more: boolean,
    ): void;
    /** False: the chunk is taken, but wait for the hook `room` before the next. */
    write(id: Id, chunk: Uint8Array): boolean;
    finish(id: Id): void;
    /** Breaks the exchange off, in both directions; no hook with this id follows. */
    abort(id: Id, message: string): void;
    /** Asks for the next chunk of the body with that id: one hook `body`, `end` or `failed` follows. */
    pull(id: Id): void;
    /** Nobody reads the incoming body on; what goes out is not touched. */
    drop(id: Id): void;
    /**
     * Before the answer is complete: the request stays alive, and the instance with it, until
     * `release(id)` (waitUntil). Without it a request ends with its answer.
     */
    hold(id: Id): void;
    release(id: Id): void;
  }

  interface Outbound {
    /**
     * The hook `response` or `failed` follows. With `more` the request's body goes on with `write`
     * and `finish` (also while the answer comes in). The host sets host, content-length, and
     * accept-encoding and user-agent where the program did not; it decodes the codings it asked for
     * and then takes content-encoding and content-length out of the answer. Redirects, at most 20:
     * "follow" by the Fetch Standard's HTTP-redirect fetch (GET after 303, and after 301 and 302 to a
     * POST; no authorization and cookie to another origin; a streamed body cannot be sent again:
     * failed), "error": failed, "manual": the 3xx as it is. What may be reached is decided anew for each.
     */
    fetch(
      id: Id, method: string, url: string, headers: FlatHeaders, body: Uint8Array | string | null, more: boolean,
      redirect: "follow" | "error" | "manual",
    ): void;
  }

  interface Sockets {
    /** `opened` or `closed(id, 1006, "", false)` follows. */
    connect(id: Id, url: string, protocols: string[]): void;
    /** `sent(id, bytes)` follows as the message leaves, its bytes as UTF-8 if it is text. */
    send(id: Id, data: string | Uint8Array): void;
    /** 1005: a close frame without a status. `closed` follows when both sides have closed, or after a wait. */
    close(id: Id, code: number, reason: string): void;
  }

  /** One slot; what the engine must do with it is in async_context.js. */
  interface AsyncContext {
    asyncContext(): unknown;
    setAsyncContext(mapping: unknown): void;
  }

  // ---- cryptography (prelude of crypto) ----

  type Hash = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";
  type Curve = "P-256" | "P-384" | "P-521";
  type Bytes = Uint8Array;
  /** PKCS#1 DER: RSAPrivateKey or RSAPublicKey. Not checked beyond its form: bad numbers make operations fail. */
  type RsaPrivate = Bytes;
  type RsaPublic = Bytes;
  /** Big-endian, of the curve's length: 32, 48 or 66 bytes. */
  type Scalar = Bytes;
  /** Uncompressed SEC 1: 04, x, y. */
  type Point = Bytes;

  interface Digests {
    digest(name: Hash | "MD5", bytes: Bytes): Bytes;
    hmac(name: Hash | "MD5", key: Bytes, bytes: Bytes): Bytes;
    /** Results are fresh memory, the whole of their buffer. Null is the failure that is named. */
    crypto<Operation extends keyof CryptoOperations>(
      operation: Operation, ...parameters: Parameters<CryptoOperations[Operation]>
    ): ReturnType<CryptoOperations[Operation]>;
  }

  interface CryptoOperations {
    // Keys are of 16, 24 or 32 bytes, ivs and counters of 16; the prelude has checked that.
    /** Encrypts and decrypts. Only the last `counterBits` (1 to 128) of the counter count, and wrap. */
    "aes-ctr"(key: Bytes, counter: Bytes, counterBits: number, data: Bytes): Bytes;
    /** With PKCS#7 padding. */
    "aes-cbc-encrypt"(key: Bytes, iv: Bytes, data: Bytes): Bytes;
    /** Null: bad padding. `data` is of full blocks, at least one. */
    "aes-cbc-decrypt"(key: Bytes, iv: Bytes, data: Bytes): Bytes | null;
    /** Ciphertext and tag; an iv of any length from 1; a tag of 4, 8, or 12 to 16 bytes. */
    "aes-gcm-encrypt"(key: Bytes, iv: Bytes, additionalData: Bytes, tagBytes: number, data: Bytes): Bytes;
    /** Null: another tag. */
    "aes-gcm-decrypt"(key: Bytes, iv: Bytes, additionalData: Bytes, tagBytes: number, data: Bytes): Bytes | null;
    /** RFC 3394, with its default iv; `data` of 16 bytes or more in steps of 8. */
    "aes-kw-wrap"(key: Bytes, data: Bytes): Bytes;
    /** Null: the integrity check failed. */
    "aes-kw-unwrap"(key: Bytes, data: Bytes): Bytes | null;

    /** At most 255 hashes' length. */
    hkdf(hash: Hash, key: Bytes, salt: Bytes, info: Bytes, length: number): Bytes;
    /**
     * Blocks the instance for as long as it takes; the host counts it as the program's time. Throws beyond five million
     * blocks: iterations times hashes of output.
     */
    pbkdf2(hash: Hash, password: Bytes, salt: Bytes, iterations: number, length: number): Bytes;
    /**
     * For node:crypto; the prelude has checked that N is a power of two and what memory it takes. Throws beyond 256 MiB, and
     * if N · r · p is above 2^22.
     */
    scrypt(password: Bytes, salt: Bytes, N: number, r: number, p: number, length: number): Bytes;

    /**
     * Of two primes; 512 to 4096 bits, an odd exponent above 1 and below 2^33, big-endian. Null: no such key can be made. All
     * other operations take keys of 512 to 8192 bits.
     */
    "rsa-generate"(modulusBits: number, publicExponent: Bytes): RsaPrivate | null;
    /** Null: the modulus is too short for the hash, or the key is broken. */
    "rsa-pkcs1-sign"(hash: Hash, key: RsaPrivate, data: Bytes): Bytes | null;
    "rsa-pkcs1-verify"(hash: Hash, key: RsaPublic, signature: Bytes, data: Bytes): boolean;
    /** MGF1 with the same hash. Null as above. */
    "rsa-pss-sign"(hash: Hash, key: RsaPrivate, saltBytes: number, data: Bytes): Bytes | null;
    "rsa-pss-verify"(hash: Hash, key: RsaPublic, saltBytes: number, signature: Bytes, data: Bytes): boolean;
    /** MGF1 with the same hash. Null: the data is too long, or the key is broken. */
    "rsa-oaep-encrypt"(hash: Hash, key: RsaPublic, label: Bytes, data: Bytes): Bytes | null;
    "rsa-oaep-decrypt"(hash: Hash, key: RsaPrivate, label: Bytes, data: Bytes): Bytes | null;

    "ec-generate"(curve: Curve): Scalar;
    /** Null: zero, or not below the curve's order. */
    "ec-public"(curve: Curve, scalar: Scalar): Point | null;
    /** A compressed or uncompressed point, uncompressed. Null: not on the curve, or the point at infinity. */
    "ec-point"(curve: Curve, point: Bytes): Point | null;
    /** r and s, each of the curve's length. */
    "ecdsa-sign"(curve: Curve, hash: Hash, key: Scalar, data: Bytes): Bytes;
    /** `signature` is of the right length. */
    "ecdsa-verify"(curve: Curve, hash: Hash, key: Point, signature: Bytes, data: Bytes): boolean;
    /** The x coordinate of the product. */
    ecdh(curve: Curve, key: Scalar, point: Point): Bytes;

    // All of 32 bytes; a signature has 64.
    "ed25519-public"(seed: Bytes): Bytes;
    "ed25519-sign"(seed: Bytes, data: Bytes): Bytes;
    /** As RFC 8032 §5.1.7; false for points that are none. */
    "ed25519-verify"(point: Bytes, signature: Bytes, data: Bytes): boolean;
    "x25519-public"(scalar: Bytes): Bytes;
    /** Zeros for a point of small order, as RFC 7748 computes it. */
    x25519(scalar: Bytes, point: Bytes): Bytes;
  }

  // ---- source maps: the engine asks as it writes a stack ----

  interface Positions {
    /**
     * Where line and column (both from 1) of a module of the program came from, counted in the same way; null: no map
     * has it. The path is as the stack is to show it.
     */
    position(path: string, line: number, column: number): [path: string, line: number, column: number] | null;
  }

  // ---- hooks: the engine calls them ----

  interface Hooks {
    /** Scripts: run the program. */
    start?(): void;
    /**
     * The exports of `node:fs`, asked for with or without `node:`; undefined for what Node has not. An ES module sees
     * its enumerable keys as names, and the whole as `default`.
     */
    builtin?(name: string): object | undefined;
    /**
     * The modules of the program, as `lower` wrote them (commonjs.js has the type of a row); `root` is the absolute
     * folder that paths begin at. `require(path)` runs a CommonJS entry and what it requires; `interop(path)` answers
     * what an ES module that imports a module of another kind sees.
     */
    program?(rows: object[], root: string): {
      require(path: string): unknown;
      interop(path: string): { default: unknown; names: string[] };
    };
    /** The queue of process.nextTick (see `tick`). */
    ticks?(): void;
    /** Scripts: nothing is left to wait for. If this starts something the program goes on, and it comes again. */
    beforeExit?(): void;
    /** Scripts: the program ends now; nothing that this starts will run. Not called after `exit`. */
    exiting?(): void;
    /** Scripts: `exiting` follows, and the entry, at this path, waits at its top for what never comes. */
    unsettled?(path: string): void;
    timer?(id: Id): void;
    /** The engine's rejection tracker: a promise was rejected and nobody handles it … */
    rejected?(promise: Promise<unknown>, reason: unknown): void;
    /** … and now somebody does. */
    handled?(promise: Promise<unknown>): void;
    /**
     * All microtasks have run after a hook or the program's start; called if `rejected` was called since
     * the last time. Microtasks run after it as after every hook.
     */
    checkpoint?(): void;
    /**
     * An exception left a hook (or a microtask of queueMicrotask): what `reportError` does. The
     * prelude catches what the program throws in its own callbacks; this is for what it cannot.
     */
    uncaught?(error: unknown): void;

    /**
     * The program's entry has been evaluated; its namespace (module.exports as `default` for CommonJS).
     * True: it serves requests. False: it is a script, and ends when nothing is left to do.
     */
    loaded?(namespace: object): boolean;
    /** A request for this program; the URL is absolute, as the URL parser writes it. Its body, if it has one, is pulled by its id; the answer is `respond(id)`. */
    request?(id: Id, method: string, url: string, headers: FlatHeaders, hasBody: boolean): void;
    /** The client has left before the answer was complete: nothing with that id reaches it any more. */
    gone?(id: Id): void;
    /** The chunk that `pull` asked for: at least one byte. */
    body?(id: Id, chunk: Uint8Array): void;
    end?(id: Id): void;
    /** A pull or a fetch failed; the message is for the program's TypeError. */
    failed?(id: Id, message: string): void;
    /** After `write` answered false: the next chunk may come. */
    room?(id: Id): void;
    /** The head of the answer to `fetch`; its body is pulled by the same id. */
    response?(id: Id, status: number, statusText: string, url: string, headers: FlatHeaders, redirected: boolean): void;
    opened?(id: Id, protocol: string): void;
    message?(id: Id, data: string | Uint8Array): void;
    /** So many bytes of messages have left: bufferedAmount falls. */
    sent?(id: Id, bytes: number): void;
    /** Once for every socket, also when it never opened. */
    closed?(id: Id, code: number, reason: string, clean: boolean): void;
  }
}
