#include "world/sqlite/store_impl.h"

/* Take a statement and bind (table, scope). */
static int
take(struct store * s, enum statement which, enum store_table table,
    uint64_t scope, sqlite3_stmt ** statement)
{
	int status;

	if (scope > INT64_MAX)
		return (-ERR_INVALID_INPUT);
	if ((status = statement_take(s, which, statement)) != 0)
		return (status);
	statement_number(*statement, 1, (uint64_t)table);
	statement_number(*statement, 2, scope);
	return (0);
}

static int
change(struct store * s, enum statement which, enum store_table table,
    uint64_t scope, uint64_t number, uint64_t id)
{
	sqlite3_stmt * statement;
	int status;

	if ((status = store_may_write(s)) != 0)
		return (status);
	if (number > INT64_MAX || id > INT64_MAX)
		return (-ERR_INVALID_INPUT);
	if ((status = take(s, which, table, scope, &statement)) != 0)
		return (status);
	statement_number(statement, 3, number);
	statement_number(statement, 4, id);
	return (statement_change(s, which, statement));
}

int
store_number_put(struct store * s, enum store_table table, uint64_t scope,
    uint64_t number, uint64_t id)
{
	return (change(s, S_NUMBER_PUT, table, scope, number, id));
}

int
store_number_delete(struct store * s, enum store_table table, uint64_t scope,
    uint64_t number, uint64_t id)
{
	int status = change(s, S_NUMBER_DELETE, table, scope, number, id);

	if (status == 0 && sqlite3_changes(s->db) == 0)
		return (-ERR_NOT_FOUND);
	return (status);
}

int
store_number_last(struct store * s, enum store_table table, uint64_t scope,
    uint64_t * number)
{
	sqlite3_stmt * statement;
	int status;

	if ((status = take(s, S_NUMBER_LAST, table, scope, &statement)) != 0)
		return (status);
	if ((status = statement_row(s, statement)) == 1)
		*number = (uint64_t)sqlite3_column_int64(statement, 0);
	statement_give(s, S_NUMBER_LAST, statement);
	return (status == 1 ? 0 : status == 0 ? -ERR_NOT_FOUND : status);
}

int
store_number_range(struct store * s, enum store_table table, uint64_t scope,
    uint64_t from, uint64_t to, bool reverse, struct store_number * rows,
    size_t max, size_t * n)
{
	enum statement which = reverse ? S_NUMBER_DOWN : S_NUMBER_UP;
	sqlite3_stmt * statement;
	size_t found = 0;
	int status;

	*n = 0;
	if (from > INT64_MAX || max == 0)
		return (0);
	if ((status = take(s, which, table, scope, &statement)) != 0)
		return (status);
	statement_number(statement, 3, from);
	statement_number(statement, 4, to > INT64_MAX ? INT64_MAX : to);
	statement_number(statement, 5, max > INT32_MAX ? INT32_MAX : max);
	while (found < max && (status = statement_row(s, statement)) == 1) {
		rows[found].number =
		    (uint64_t)sqlite3_column_int64(statement, 0);
		rows[found].id = (uint64_t)sqlite3_column_int64(statement, 1);
		found++;
	}
	statement_give(s, which, statement);
	if (status < 0)
		return (status);
	*n = found;
	return (0);
}

int
store_scope(struct store * s, struct slice name, uint64_t * scope)
{
	uint8_t hash[NAME_SIZE];
	sqlite3_stmt * statement;
	int status;

	seal_name(s->seal, UINT64_MAX, 1, name, hash);
	if ((status = statement_take(s, S_SCOPE_FIND, &statement)) != 0)
		return (status);
	statement_bytes(statement, 1, slice_of(hash, NAME_SIZE));
	if ((status = statement_row(s, statement)) == 1)
		*scope = (uint64_t)sqlite3_column_int64(statement, 0);
	statement_give(s, S_SCOPE_FIND, statement);
	if (status != 0)
		return (status == 1 ? 0 : status);
	if ((status = store_may_write(s)) != 0 ||
	    (status = statement_take(s, S_SCOPE_PUT, &statement)) != 0)
		return (status);
	statement_bytes(statement, 1, slice_of(hash, NAME_SIZE));
	if ((status = statement_change(s, S_SCOPE_PUT, statement)) != 0)
		return (status);
	*scope = (uint64_t)sqlite3_last_insert_rowid(s->db);
	return (0);
}
