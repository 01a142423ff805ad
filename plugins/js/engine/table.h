// The table of modules: what `add` brought, by path.
#ifndef LILY_TABLE_H
#define LILY_TABLE_H

#include "quickjs.h"
#include <stddef.h>

typedef struct {
    char *specifier;
    bool is_required;
    /// Null: it leads nowhere.
    char *target;
} Link;

typedef struct {
    char *path;
    /// `module`, `commonjs`, `json` or `text`.
    char *kind;
    JSValue code;
    Link *links;
    int64_t link_count;
    /// What ES modules import from it by name.
    char **names;
    int64_t name_count;
} Module;

/// Adds modules: a list of `[path, kind, code, links, names]`, as the frontend wrote them; `links` is a flat list of specifier,
/// whether it is required, and target or null; `names` are those that ES modules import from one that is CommonJS.
/// -1: an exception.
int table_add(JSContext *context, JSValueConst list);

/// How many there are, and the one at a place.
size_t table_count(void);
Module *table_at(size_t at);

/// The module of this path; null: there is none.
Module *table_find(const char *path);

/// Where the specifier leads, as one that is imported if it is both; null: the frontend did not see it.
Link *table_link(Module *module, const char *specifier);

/// Whether this is one of `names`.
bool table_names(Module *module, const char *name);

/// Nobody needs its text any more.
void table_forget_code(JSContext *context, Module *module);

#endif
