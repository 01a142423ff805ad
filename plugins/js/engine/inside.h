// What the engine needs of QuickJS beyond its interface; inside.c is one translation unit with it.
#ifndef LILY_INSIDE_H
#define LILY_INSIDE_H

#include "quickjs.h"
#include <stddef.h>
#include <stdint.h>

/// What the paths of the platform's own modules begin with. Their functions have no text, and their frames are in no stack.
#define PLATFORM_PREFIX "lily:"

/// Asks whoever maps places where the user wrote what is at this place of a module: `path:line:column`, null-terminated.
/// False: where it is.
typedef bool InsidePosition(const char *path, int line, int column, char *into, size_t size);

/// Where the runtime has its memory from.
extern const JSMallocFunctions INSIDE_MEMORY;

/// Called once, with the runtime. From here on what is freed is overwritten with zeros, until `inside_settle`.
void inside_begin(JSRuntime *runtime, InsidePosition *position);

/// Notes what regular expressions are like before anybody can change them. Called once, with the context.
void inside_note(JSContext *context);

/// All that is alive stays alive from here on, and nobody walks through it any more: a collection would touch every page of the
/// image. What comes after lies in memory of its own.
void inside_keep(JSRuntime *runtime);

/// The image is made: frames of the platform are no longer shown, what is freed stays as it is.
void inside_settle(void);

/// `Math.random` goes on from here.
void inside_seed(JSContext *context, uint64_t seed);

/// Bytes in use.
size_t inside_memory(JSRuntime *runtime);

/// The bytes of a string that has no character above U+007F, and how many; null for other strings. They live as long as it.
const uint8_t *inside_ascii(JSValueConst text, size_t *length);

/// Throws an Error with this message, however long it is.
JSValue inside_throw(JSContext *context, const char *message, size_t length);

/// The module of this path, loaded with what it imports; null: an exception.
JSModuleDef *inside_load(JSContext *context, const char *path);

/// Evaluates it if that has not been done. The answer is the promise of its end.
JSValue inside_evaluate(JSContext *context, JSModuleDef *module);

/// Somebody looks at how the promise ends.
void inside_handled(JSContext *context, JSValueConst promise);

/// A module that is no JavaScript, and is being evaluated, exports this name too. -1: an exception.
int inside_export(JSContext *context, JSModuleDef *module, const char *name, JSValue value);

/// The functions of `lily:host` that look into values.
extern const JSCFunctionListEntry INSIDE_FUNCTIONS[];
extern const int INSIDE_FUNCTION_COUNT;

#endif
