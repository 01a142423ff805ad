// URLPattern, by the library, which stands on the global URL. https://urlpattern.spec.whatwg.org/

import { URLPattern } from "urlpattern-polyfill";
import { shape } from "./webidl.js";

export { URLPattern };
shape(URLPattern);
