// The host's functions: the one import of the engine, and the module `lily:host` over it.
#ifndef LILY_HOST_H
#define LILY_HOST_H

#include "inside.h"
#include "quickjs.h"
#include <stddef.h>
#include <stdint.h>

/// What the prelude imports the host by.
#define HOST_MODULE PLATFORM_PREFIX "host"

enum Function {
#define FUNCTION(name, count) FUNCTION_##name,
#include "functions.def"
#undef FUNCTION
};

/// Calls the host with values of the caller's, and gives what it answers, or throws what it refuses with.
JSValue host_call(JSContext *context, enum Function function, int count, JSValueConst *values);

/// Milliseconds since 1970.
double host_now(void);

/// Milliseconds since the instance began.
double host_monotonic(void);

/// Eight bytes that nobody knows beforehand; false: the host gives none.
bool host_random(uint64_t *into);

/// Where the user wrote what is at this place of a module, as `path:line:column`. False: there.
bool host_position(const char *path, int line, int column, char *into, size_t size);

/// A function of `lily:host` that the engine answers by itself (`host_add`).
void host_add(const JSCFunctionListEntry *functions, int count);

/// The module `lily:host`.
JSModuleDef *host_module(JSContext *context);

#endif
