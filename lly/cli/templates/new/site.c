// `@NAME@`: a site of plain files. What is in `pages/` is served as it is; `pages/about.html` is `/about` too.
//
// It reads what the user granted, and nothing else; what it asks for is in `plugin.json`. The host makes the site: it
// reads the files that are named as assets, compiles programs, and serves the routes. What the host hands over is ours:
// free it with the functions of bindings/site.h. What we hand over has to be from malloc.
#include <stdlib.h>
#include <string.h>

#include "bindings/site.h"

// Where the pages are.
#define FOLDER "pages"

// A text of our own, of two parts and a mark between them.
static site_string_t joined(const char *one, size_t one_size, const char *mark, const char *two, size_t two_size) {
    size_t mark_size = strlen(mark);
    site_string_t text = {malloc(one_size + mark_size + two_size + 1), one_size + mark_size + two_size};
    memcpy(text.ptr, one, one_size);
    memcpy(text.ptr + one_size, mark, mark_size);
    memcpy(text.ptr + one_size + mark_size, two, two_size);
    return text;
}

static site_string_t copied(const char *text, size_t size) { return joined(text, size, "", "", 0); }

static bool ends_with(const char *text, size_t size, const char *end) {
    size_t end_size = strlen(end);
    return size >= end_size && memcmp(text + size - end_size, end, end_size) == 0;
}

// One more of `size` bytes each behind a list.
static void *more(void *list, size_t count, size_t size) {
    void *grown = realloc(list, (count + 1) * size);
    memset((char *)grown + count * size, 0, size);
    return grown;
}

// Whether this can stand in a pattern as it is: `:` and `*` mean something there.
static bool is_plain(const char *page, size_t size) {
    for (size_t at = 0; at < size; at++) {
        char letter = page[at];
        bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                     (letter >= '0' && letter <= '9') || letter == '/' || letter == '-' || letter == '_';
        if (!plain) return false;
    }
    return !ends_with(page, size, "/index");
}

static void add_route(site_site_t *site, const char *path, size_t size) {
    site->routes.ptr = more(site->routes.ptr, site->routes.len, sizeof *site->routes.ptr);
    lily_site_types_route_t *route = &site->routes.ptr[site->routes.len++];
    route->methods.ptr = malloc(sizeof *route->methods.ptr);
    route->methods.ptr[0] = copied("GET", 3);
    route->methods.len = 1;
    route->pattern = copied(path, size - strlen(".html"));
    route->target.tag = LILY_SITE_TYPES_TARGET_ASSET;
    route->target.val.asset = copied(path, size);
}

// Everything below a folder; false with an error where the host says no.
static bool collect(site_string_t *folder, site_site_t *site, lily_site_project_error_t *error) {
    lily_site_project_list_entry_t entries;
    if (!lily_site_project_entries(folder, &entries, error)) return false;
    bool ok = true;
    for (size_t i = 0; ok && i < entries.len; i++) {
        lily_site_project_entry_t *entry = &entries.ptr[i];
        site_string_t from =
            joined((char *)folder->ptr, folder->len, "/", (char *)entry->name.ptr, entry->name.len);
        if (entry->kind == LILY_SITE_PROJECT_KIND_FOLDER) {
            ok = collect(&from, site, error);
            free(from.ptr);
            continue;
        }
        const char *path = (char *)from.ptr + strlen(FOLDER);
        size_t size = from.len - strlen(FOLDER);
        if (ends_with(path, size, ".html") && is_plain(path, size - strlen(".html"))) add_route(site, path, size);
        site->assets.ptr = more(site->assets.ptr, site->assets.len, sizeof *site->assets.ptr);
        lily_site_types_asset_t *asset = &site->assets.ptr[site->assets.len++];
        asset->path = copied(path, size);
        asset->from = from;
    }
    lily_site_project_list_entry_free(&entries);
    return ok;
}

bool exports_site_recognise(site_recognised_t *ret) {
    site_string_t folder = {(uint8_t *)FOLDER, strlen(FOLDER)};
    lily_site_project_list_entry_t entries;
    lily_site_project_error_t error;
    if (!lily_site_project_entries(&folder, &entries, &error)) {
        lily_site_project_error_free(&error);
        return false;
    }
    bool found = false;
    for (size_t i = 0; i < entries.len; i++) {
        site_string_t *name = &entries.ptr[i].name;
        found = found || (name->len == 10 && memcmp(name->ptr, "index.html", 10) == 0);
    }
    lily_site_project_list_entry_free(&entries);
    site_string_dup(&ret->framework, "@NAME@");
    site_string_dup(&ret->version, "0.1.0");
    // The command that builds a project, if it has to be built: it needs a grant `programs`.
    ret->build.is_some = false;
    return found;
}

bool exports_site_adapt(site_site_t *ret, site_list_diagnostic_t *err) {
    memset(ret, 0, sizeof *ret);
    site_string_t folder = {(uint8_t *)FOLDER, strlen(FOLDER)};
    lily_site_project_error_t error;
    site_string_t message;
    if (!collect(&folder, ret, &error)) {
        // Each kind of error is a sentence for the user.
        message = copied((char *)error.val.denied.ptr, error.val.denied.len);
        lily_site_project_error_free(&error);
    } else if (ret->assets.len == 0) {
        site_string_dup(&message, "there is no file in `" FOLDER "`");
    } else {
        return true;
    }
    err->ptr = more(NULL, 0, sizeof *err->ptr);
    err->len = 1;
    err->ptr[0].severity = LILY_SITE_TYPES_SEVERITY_ERROR;
    err->ptr[0].message = message;
    return false;
}
