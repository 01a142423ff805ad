// CommonJS: the prelude's `Modules` (prelude/commonjs.js) over the table of modules.
#ifndef LILY_COMMONJS_H
#define LILY_COMMONJS_H

#include "quickjs.h"

/// The program's modules begin here in the table; what is before is the platform's.
void commonjs_begin_program(void);

/// The rows of the platform's or, once it began, of the program's modules, as `Modules` takes them.
JSValue commonjs_rows(JSContext *context);

/// Has the prelude make its `Modules` of the program's rows. -1: an exception.
int commonjs_open(JSContext *context, JSValueConst hooks);

/// What the CommonJS, JSON or text module at this path exports; it runs if it has not.
JSValue commonjs_require(JSContext *context, JSValueConst hooks, const char *path);

#endif
