#include "world/sqlite/store_impl.h"

/* Take a statement and bind the key of (table, scope, name). */
static int
take(struct store * s, enum statement which, const struct place * place,
    sqlite3_stmt ** statement)
{
	int status;

	if ((status = statement_take(s, which, statement)) != 0)
		return (status);
	statement_number(*statement, 1, place->table);
	statement_number(*statement, 2, place->at);
	statement_bytes(*statement, 3, slice_of(place->name, NAME_SIZE));
	return (0);
}

static int
place_of(struct store * s, enum store_table table, uint64_t scope,
    struct slice name, struct place * place)
{
	if (scope > INT64_MAX)
		return (-ERR_INVALID_INPUT);
	place->table = (uint64_t)table;
	place->at = scope;
	seal_name(s->seal, place->table, scope, name, place->name);
	return (0);
}

/* The row's order number; 1 found, 0 not. */
static int
find(struct store * s, const struct place * place, uint64_t * seq)
{
	sqlite3_stmt * statement;
	int status;

	if ((status = take(s, S_NAMED_FIND, place, &statement)) != 0)
		return (status);
	if ((status = statement_row(s, statement)) == 1)
		*seq = (uint64_t)sqlite3_column_int64(statement, 0);
	statement_give(s, S_NAMED_FIND, statement);
	return (status);
}

int
store_put(struct store * s, enum store_table table, uint64_t scope,
    struct slice name, struct slice value)
{
	struct buffer sealed = {0};
	sqlite3_stmt * statement;
	enum statement which;
	struct place place;
	uint64_t seq = 0;
	int status;

	if ((status = store_may_write(s)) != 0 ||
	    (status = place_of(s, table, scope, name, &place)) != 0 ||
	    (status = find(s, &place, &seq)) < 0)
		return (status);
	which = status == 1 ? S_NAMED_SET : S_NAMED_PUT;
	if ((status = seal_value(s->seal, s->w, &place, value, &sealed)) != 0 ||
	    (status = take(s, which, &place, &statement)) != 0)
		goto err0;
	if (which == S_NAMED_SET)
		statement_number(statement, 3, seq);
	statement_bytes(statement, 4, buffer_all(&sealed));
	status = statement_change(s, which, statement);

err0:
	buffer_free(&sealed);
	return (status);
}

int
store_get(struct store * s, enum store_table table, uint64_t scope,
    struct slice name, struct buffer * out)
{
	sqlite3_stmt * statement;
	struct place place;
	int status;

	if ((status = place_of(s, table, scope, name, &place)) != 0 ||
	    (status = take(s, S_NAMED_GET, &place, &statement)) != 0)
		return (status);
	if ((status = statement_row(s, statement)) == 1)
		status = seal_open(s->seal, &place,
		    statement_column(statement, 0), out);
	else if (status == 0)
		status = -ERR_NOT_FOUND;
	statement_give(s, S_NAMED_GET, statement);
	return (status);
}

int
store_delete(struct store * s, enum store_table table, uint64_t scope,
    struct slice name)
{
	sqlite3_stmt * statement;
	struct place place;
	int status;

	if ((status = store_may_write(s)) != 0 ||
	    (status = place_of(s, table, scope, name, &place)) != 0 ||
	    (status = take(s, S_NAMED_DELETE, &place, &statement)) != 0)
		return (status);
	if ((status = statement_change(s, S_NAMED_DELETE, statement)) != 0)
		return (status);
	return (sqlite3_changes(s->db) == 0 ? -ERR_NOT_FOUND : 0);
}

/* One row of a walk. */
static int
visit(struct store * s, struct place * place, sqlite3_stmt * statement,
    struct buffer * value, int (*each)(void * user, struct slice value),
    void * user)
{
	struct slice name = statement_column(statement, 0);
	int status;

	if (name.n != NAME_SIZE)
		return (-ERR_DB_READ);
	memcpy(place->name, name.p, NAME_SIZE);
	buffer_clear(value);
	status = seal_open(s->seal, place, statement_column(statement, 1),
	    value);
	return (status != 0 ? status : each(user, buffer_all(value)));
}

int
store_each(struct store * s, enum store_table table, uint64_t scope,
    int (*each)(void * user, struct slice value), void * user)
{
	struct place place = {(uint64_t)table, scope, {0}};
	struct buffer value = {0};
	sqlite3_stmt * statement;
	int status;

	if (scope > INT64_MAX)
		return (-ERR_INVALID_INPUT);
	if ((status = statement_take(s, S_NAMED_EACH, &statement)) != 0)
		return (status);
	statement_number(statement, 1, place.table);
	statement_number(statement, 2, scope);
	while ((status = statement_row(s, statement)) == 1) {
		status = visit(s, &place, statement, &value, each, user);
		if (status != 0)
			break;
	}
	statement_give(s, S_NAMED_EACH, statement);
	buffer_wipe(&value);
	return (status);
}

int
store_count(struct store * s, enum store_table table, uint64_t scope,
    uint64_t * n)
{
	sqlite3_stmt * statement;
	int status;

	if (scope > INT64_MAX)
		return (-ERR_INVALID_INPUT);
	if ((status = statement_take(s, S_NAMED_COUNT, &statement)) != 0)
		return (status);
	statement_number(statement, 1, (uint64_t)table);
	statement_number(statement, 2, scope);
	if ((status = statement_row(s, statement)) == 1)
		*n = (uint64_t)sqlite3_column_int64(statement, 0);
	statement_give(s, S_NAMED_COUNT, statement);
	return (status == 1 ? 0 : -ERR_DB_READ);
}
