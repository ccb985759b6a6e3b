#include "world/sqlite/store_impl.h"

static int
block_place(uint64_t id, struct slice name, struct place * place)
{
	if (name.n != NAME_SIZE)
		return (-ERR_DB_READ);
	place->table = 0;
	place->at = id;
	memcpy(place->name, name.p, NAME_SIZE);
	return (0);
}

int
store_block_put(struct store * s, struct slice name, struct slice value,
    uint64_t * id)
{
	struct place place = {0, s->next_block, {0}};
	struct buffer sealed = {0};
	sqlite3_stmt * statement;
	int status;

	if ((status = store_may_write(s)) != 0)
		return (status);
	seal_name(s->seal, 0, 0, name, place.name);
	if ((status = seal_value(s->seal, s->w, &place, value, &sealed)) != 0 ||
	    (status = statement_take(s, S_BLOCK_PUT, &statement)) != 0)
		goto err0;
	statement_number(statement, 1, place.at);
	statement_bytes(statement, 2, slice_of(place.name, NAME_SIZE));
	statement_bytes(statement, 3, buffer_all(&sealed));
	if ((status = statement_change(s, S_BLOCK_PUT, statement)) != 0)
		goto err0;
	if (sqlite3_changes(s->db) == 0) {
		status = -ERR_MAP;
		goto err0;
	}
	*id = s->next_block++;

err0:
	buffer_free(&sealed);
	return (status);
}

int
store_block_find(struct store * s, struct slice name, uint64_t * id)
{
	uint8_t hash[NAME_SIZE];
	sqlite3_stmt * statement;
	int status;

	seal_name(s->seal, 0, 0, name, hash);
	if ((status = statement_take(s, S_BLOCK_FIND, &statement)) != 0)
		return (status);
	statement_bytes(statement, 1, slice_of(hash, NAME_SIZE));
	if ((status = statement_row(s, statement)) == 1)
		*id = (uint64_t)sqlite3_column_int64(statement, 0);
	statement_give(s, S_BLOCK_FIND, statement);
	return (status == 1 ? 0 : status == 0 ? -ERR_NOT_FOUND : status);
}

int
store_block_get(struct store * s, uint64_t id, struct buffer * out)
{
	sqlite3_stmt * statement;
	struct place place;
	int status;

	if (id > INT64_MAX)
		return (-ERR_NOT_FOUND);
	if ((status = statement_take(s, S_BLOCK_GET, &statement)) != 0)
		return (status);
	statement_number(statement, 1, id);
	if ((status = statement_row(s, statement)) == 1) {
		status = block_place(id, statement_column(statement, 0),
		    &place);
		if (status == 0)
			status = seal_open(s->seal, &place,
			    statement_column(statement, 1), out);
	} else if (status == 0)
		status = -ERR_NOT_FOUND;
	statement_give(s, S_BLOCK_GET, statement);
	return (status);
}

static int
block_name(struct store * s, uint64_t id, struct place * place)
{
	sqlite3_stmt * statement;
	int status;

	if (id > INT64_MAX)
		return (-ERR_NOT_FOUND);
	if ((status = statement_take(s, S_BLOCK_NAME, &statement)) != 0)
		return (status);
	statement_number(statement, 1, id);
	if ((status = statement_row(s, statement)) == 1)
		status = block_place(id, statement_column(statement, 0),
		    place);
	else if (status == 0)
		status = -ERR_NOT_FOUND;
	statement_give(s, S_BLOCK_NAME, statement);
	return (status);
}

int
store_block_set(struct store * s, uint64_t id, struct slice value)
{
	struct buffer sealed = {0};
	sqlite3_stmt * statement;
	struct place place;
	int status;

	if ((status = store_may_write(s)) != 0 ||
	    (status = block_name(s, id, &place)) != 0)
		return (status);
	if ((status = seal_value(s->seal, s->w, &place, value, &sealed)) != 0 ||
	    (status = statement_take(s, S_BLOCK_SET, &statement)) != 0)
		goto err0;
	statement_number(statement, 1, id);
	statement_bytes(statement, 2, buffer_all(&sealed));
	status = statement_change(s, S_BLOCK_SET, statement);

err0:
	buffer_free(&sealed);
	return (status);
}

int
store_block_delete(struct store * s, uint64_t id)
{
	sqlite3_stmt * statement;
	int status;

	if ((status = store_may_write(s)) != 0)
		return (status);
	if (id > INT64_MAX)
		return (-ERR_NOT_FOUND);
	if ((status = statement_take(s, S_BLOCK_DELETE, &statement)) != 0)
		return (status);
	statement_number(statement, 1, id);
	if ((status = statement_change(s, S_BLOCK_DELETE, statement)) != 0)
		return (status);
	return (sqlite3_changes(s->db) == 0 ? -ERR_NOT_FOUND : 0);
}
