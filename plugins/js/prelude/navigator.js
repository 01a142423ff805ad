// navigator.userAgent. https://html.spec.whatwg.org/#client-identification, as the WinterTC minimum
// common API asks for it: a product name and no list of browsers.

import { illegalConstructor, INTERNAL, shape } from "./webidl.js";

export class Navigator {
  #userAgent = "LILY";
  constructor(token = undefined) {
    if (token !== INTERNAL) illegalConstructor();
  }
  get userAgent() {
    return this.#userAgent;
  }
}
shape(Navigator);

export const navigator = new Navigator(INTERNAL);
