/*
 * Lua: runs the script in the first argument, on standard input or, deployed, in the request's body; without one, a
 * script that shows pcall, error, coroutines and patterns. Lua itself comes from elsewhere and is compiled together
 * with this file:
 *
 *     lly compile samples/lua/main.c $LUA/l*.c -I $LUA -o lua.brick      (without lua.c and luac.c)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

static const char sample[] =
    "local ok, problem = pcall(function() error({code = 42}) end)\n"
    "print('pcall', ok, type(problem), problem.code)\n"
    "print('nested', pcall(function() local ok, inner = pcall(error, 'inner') error('outer after ' .. inner, 0) end))\n"
    "print('xpcall', xpcall(function() local x = nil; return x.field end, function(problem) return #problem > 0 end))\n"
    "local squares = coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i * i) end end)\n"
    "print('coroutine', squares(), squares(), squares())\n"
    "print('pattern', ('the quick brown fox'):gsub('%w+', string.upper))\n"
    "print('version', _VERSION)\n";

/* Everything on standard input, as a string. */
static char *input(void) {
    size_t size = 0, capacity = 4096;
    char *text = malloc(capacity);
    while (text && !feof(stdin) && !ferror(stdin)) {
        size += fread(text + size, 1, capacity - size - 1, stdin);
        if (size + 1 == capacity) text = realloc(text, capacity *= 2);
    }
    if (text) text[size] = 0;
    return text;
}

int main(int argc, char **argv) {
    if (getenv("REQUEST_METHOD")) printf("Content-Type: text/plain; charset=utf-8\r\n\r\n");
    const char *script = argc > 1 ? argv[1] : input();
    if (!script || !*script) script = sample;

    lua_State *lua = luaL_newstate();
    if (!lua) {
        fprintf(stderr, "there is no memory for Lua\n");
        return 1;
    }
    luaL_openlibs(lua);
    int result = luaL_loadbuffer(lua, script, strlen(script), "=script");
    if (result == LUA_OK) result = lua_pcall(lua, 0, 0, 0);
    if (result != LUA_OK) {
        printf("error: %s\n", lua_tostring(lua, -1));
        fprintf(stderr, "lua: %s\n", lua_tostring(lua, -1));
    }
    lua_close(lua);
    return result == LUA_OK ? 0 : 1;
}
