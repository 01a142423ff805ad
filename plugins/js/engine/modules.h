// The modules of a program and of the platform: what the engine's loader finds, by path.
#ifndef LILY_MODULES_H
#define LILY_MODULES_H

#include "inside.h"

/// What the prelude finds its CommonJS libraries by: the module of which `rows` are all that were added so far.
#define ROWS_MODULE PLATFORM_PREFIX "rows"

/// Has the engine find modules here. `hooks` is what the prelude listens with.
void modules_install(JSContext *context, JSValueConst hooks);

/// Evaluates the ES module at this path, or begins to: the answer is a promise of its end.
JSValue modules_evaluate(JSContext *context, const char *path);

#endif
