/*
 * row_list.h: short lists in the store's named rows: elements stand under a
 * name and their place, so that none is read but those that are asked for.
 */
#ifndef BERTY_GROUP_ROW_LIST_H
#define BERTY_GROUP_ROW_LIST_H

#include "world/store.h"

/* Which list; the name is at most ROW_LIST_NAME bytes. */
#define ROW_LIST_NAME 64
struct row_list {
	struct store * store;
	enum store_table table;
	uint64_t scope;
	struct slice name;
};

/* How many elements there are (0: no list), or a code. */
int row_list_count(const struct row_list * l, uint64_t * n);

int row_list_append(const struct row_list * l, struct slice value);

/* Element i, appended to out; -ERR_NOT_FOUND. */
int row_list_get(const struct row_list * l, uint64_t i, struct buffer * out);

/* Remove all elements. */
int row_list_clear(const struct row_list * l);

#endif /* !BERTY_GROUP_ROW_LIST_H */
