/*
 * SQLite over HTTP: SQL in the body of a POST, or in `?q=`; rows out as JSON. The database is in memory, made and
 * seeded for each request. SQLite itself comes from elsewhere and is compiled together with this file:
 *
 *     lly compile samples/sqlite-http/main.c $SQLITE/sqlite3.c -I $SQLITE \
 *         -D SQLITE_OMIT_LOAD_EXTENSION -D SQLITE_THREADSAFE=0 -D SQLITE_DEFAULT_MEMSTATUS=0 -o sqlite.brick
 */
#include <lily.h>

#include <string.h>

#include "sqlite3.h"

static const char seed[] =
    "CREATE TABLE flower(id INTEGER PRIMARY KEY, name TEXT NOT NULL, petals INTEGER, height REAL);"
    "INSERT INTO flower(name, petals, height) VALUES"
    " ('water lily', 20, 0.3), ('tiger lily', 6, 1.2), ('daylily', 6, 0.9), ('calla', 1, 0.7), ('lotus', NULL, 1.5);";

static void json_string(lily_response *response, const char *text, int size) {
    lily_response_print(response, "\"");
    for (int i = 0; i < size; i++) {
        unsigned char letter = (unsigned char)text[i];
        if (letter == '"' || letter == '\\') {
            lily_response_printf(response, "\\%c", letter);
        } else if (letter < ' ') {
            lily_response_printf(response, "\\u%04x", letter);
        } else {
            lily_response_write(response, &letter, 1);
        }
    }
    lily_response_print(response, "\"");
}

static void json_value(lily_response *response, sqlite3_stmt *statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL: lily_response_print(response, "null"); break;
    case SQLITE_INTEGER: lily_response_printf(response, "%lld", sqlite3_column_int64(statement, column)); break;
    case SQLITE_FLOAT: lily_response_printf(response, "%.15g", sqlite3_column_double(statement, column)); break;
    default: {
        const char *text = (const char *)sqlite3_column_text(statement, column);
        json_string(response, text ? text : "", sqlite3_column_bytes(statement, column));
    }
    }
}

static void row(lily_response *response, sqlite3_stmt *statement) {
    for (int column = 0; column < sqlite3_column_count(statement); column++) {
        const char *name = sqlite3_column_name(statement, column);
        lily_response_print(response, column ? "," : "{");
        json_string(response, name, (int)strlen(name));
        lily_response_print(response, ":");
        json_value(response, statement, column);
    }
    lily_response_print(response, "}");
}

static void fail(lily_response *response, int status, const char *problem) {
    /* Rows that came before the mistake are not sent, unless they are gone already. */
    if (lily_response_reset(response) != 0) {
        lily_response_fail(response);
        return;
    }
    lily_response_header(response, "Content-Type", "application/json");
    lily_response_status(response, status);
    lily_response_print(response, "{\"error\":");
    json_string(response, problem, (int)strlen(problem));
    lily_response_print(response, "}\n");
}

/* Runs every statement; writes the rows of all, one array. Returns SQLite's result. */
static int run(lily_response *response, sqlite3 *database, const char *sql) {
    const char *separator = "";
    int result = SQLITE_OK;
    lily_response_print(response, "[");
    while (result == SQLITE_OK && *sql) {
        sqlite3_stmt *statement = NULL;
        result = sqlite3_prepare_v2(database, sql, -1, &statement, &sql);
        if (result != SQLITE_OK || !statement) continue;
        while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
            lily_response_print(response, separator);
            row(response, statement);
            separator = ",\n ";
        }
        if (result == SQLITE_DONE) result = SQLITE_OK;
        /* Finalizing keeps the error and its message. */
        sqlite3_finalize(statement);
    }
    lily_response_print(response, "]\n");
    return result;
}

void lily_handle(lily_request *request, lily_response *response) {
    const char *sql = lily_request_query_value(request, "q");
    if (!sql && strcmp(lily_request_method(request), "POST") == 0) sql = lily_request_body(request).data;
    if (!sql) sql = "SELECT sqlite_version() AS sqlite, count(*) AS flowers FROM flower";

    sqlite3 *database;
    if (sqlite3_open(":memory:", &database) != SQLITE_OK ||
        sqlite3_exec(database, seed, NULL, NULL, NULL) != SQLITE_OK) {
        lily_log(LILY_ERROR, "the database cannot be made: %s", sqlite3_errmsg(database));
        fail(response, 500, sqlite3_errmsg(database));
        return;
    }
    lily_response_header(response, "Content-Type", "application/json");
    if (run(response, database, sql) != SQLITE_OK) {
        lily_log(LILY_INFO, "refused: %s", sqlite3_errmsg(database));
        fail(response, 400, sqlite3_errmsg(database));
    }
    sqlite3_close(database);
}
