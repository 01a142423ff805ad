// The modules of a program and of the platform: what the engine's loader finds, by path.
#ifndef LILY_MODULES_H
#define LILY_MODULES_H

#include "quickjs.h"
#include <stddef.h>

/// Adds modules: a list of `[path, kind, code, links, names]`, as the frontend wrote them; `links` is a flat list of specifier,
/// whether it is required, and target or null; `names` are those that ES modules import from one that is CommonJS.
/// -1: an exception.
int modules_add(JSContext *context, JSValueConst list);

/// Has the engine find modules here.
void modules_install(JSRuntime *runtime);

/// The entry at this path as the prelude's CommonJS sees it: `[path, kind, code, links]`; undefined: there is none.
JSValue modules_entry(JSContext *context, const char *path);

#endif
