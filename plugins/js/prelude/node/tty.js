// `node:tty`: no stream of a program is a terminal. Follows https://nodejs.org/api/tty.html.

import { codes } from "./errors.js";

function refused(name) {
  return class {
    constructor() {
      throw new codes.ERR_METHOD_REFUSED(
        `node:tty: ${name} is not available under LILY: no stream is a terminal`,
      );
    }
  };
}

export default {
  isatty: () => false,
  ReadStream: refused("ReadStream"),
  WriteStream: refused("WriteStream"),
};
