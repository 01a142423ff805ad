// The engine of a JavaScript program: QuickJS-ng, its modules, and the seam to the host (prelude/host.d.ts).
#ifndef LILY_ENGINE_H
#define LILY_ENGINE_H

#include "quickjs.h"

/// What the prelude imports the host by.
#define HOST_MODULE "lily:host"

/// The module `lily:host`.
JSModuleDef *engine_host_module(JSContext *context);

/// What a CommonJS module exports; it runs if it has not.
JSValue engine_require(JSContext *context, const char *path);

#endif
