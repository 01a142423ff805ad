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

  interface Host extends Output, Clock, Timers, Bodies, Outbound, Sockets, Coding, Urls, Digests, Compression, Program, Files, Reflection {
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
    zip(format: "gzip" | "deflate" | "deflate-raw", compress: boolean): Handle;
    /** Throws a string on bad or, with `last`, truncated input, or bytes after the end. */
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

  interface Bodies {
    respond(id: Id, status: number, statusText: string, headers: FlatHeaders, body: Uint8Array | string | null, more: boolean): void;
    /** False: wait for the hook `room` before the next. */
    write(id: Id, chunk: Uint8Array): boolean;
    finish(id: Id): void;
    abort(id: Id, message: string): void;
    /** Asks for the next chunk of the body with that id: one hook `body`, `end` or `failed` follows. */
    pull(id: Id): void;
    /** Nobody reads on or waits. */
    drop(id: Id): void;
  }

  interface Outbound {
    /** The hook `response` or `failed` follows. A request's body goes on with write and finish. */
    fetch(
      id: Id, method: string, url: string, headers: FlatHeaders, body: Uint8Array | string | null, more: boolean,
      redirect: "follow" | "error" | "manual",
    ): void;
  }

  interface Sockets {
    connect(id: Id, url: string, protocols: string[]): void;
    send(id: Id, data: string | Uint8Array): void;
    close(id: Id, code: number, reason: string): void;
  }

  // ---- cryptography (prelude of crypto) ----

  interface Digests {
    digest(name: "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512" | "MD5", bytes: Uint8Array): Uint8Array;
    hmac(name: string, key: Uint8Array, bytes: Uint8Array): Uint8Array;
    crypto(operation: string, ...parameters: unknown[]): unknown;
  }

  // ---- hooks: the engine calls them ----

  interface Hooks {
    /** Scripts: run the program. */
    start?(): void;
    /** The queue of process.nextTick (see `tick`). */
    ticks?(): void;
    /** Scripts: nothing is left to wait for. If this starts something the program goes on, and it comes again. */
    beforeExit?(): void;
    /** Scripts: the program ends now; nothing that this starts will run. Not called after `exit`. */
    exiting?(): void;
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

    request?(id: Id, method: string, url: string, headers: FlatHeaders, hasBody: boolean): void;
    /** The client has left. */
    gone?(id: Id): void;
    body?(id: Id, chunk: Uint8Array): void;
    end?(id: Id): void;
    failed?(id: Id, message: string): void;
    room?(id: Id): void;
    response?(id: Id, status: number, statusText: string, url: string, headers: FlatHeaders, redirected: boolean): void;
    opened?(id: Id, protocol: string): void;
    message?(id: Id, data: string | Uint8Array): void;
    closed?(id: Id, code: number, reason: string, clean: boolean): void;
  }
}
