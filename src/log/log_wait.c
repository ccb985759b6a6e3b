/*
 * Who waits for which parent.  A parent that is not joined has a row under its
 * CID: whether it is stored, and the first children that wait for it; more of
 * them stand in further rows, so that adding one costs the same whatever their
 * number.  A child waits for one parent at a time, but all that it lacks have
 * rows: they are fetched together.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/reader.h"
#include "log/log_impl.h"

enum { KIND_PARENT = 1, KIND_NOTED = 2, KIND_CHILDREN = 3 };

/* Children in a row. */
enum { CHILDREN = 32 };

struct parent {
	struct cid cid;
	bool stored;
	uint32_t children;
};

/* The name of the n-th row of children; 0 is the parent's own row. */
static void
name_row(struct buffer * name, const struct cid * parent, uint32_t n)
{
	buffer_slice(name, cid_slice(parent));
	if (n > 0)
		buffer_be32(name, n);
}

static int
put_row(struct log * log, const struct cid * parent, uint32_t n,
    struct slice value)
{
	struct buffer name = {0};
	int status;

	name_row(&name, parent, n);
	status = name.failed ? -ERR_INTERNAL :
	    store_put(log->store, STORE_MISSING, log->scope,
	        buffer_all(&name), value);
	buffer_free(&name);
	return (status);
}

static int
get_row(struct log * log, const struct cid * parent, uint32_t n,
    struct buffer * value)
{
	struct buffer name = {0};
	int status;

	name_row(&name, parent, n);
	status = name.failed ? -ERR_INTERNAL :
	    store_get(log->store, STORE_MISSING, log->scope,
	        buffer_all(&name), value);
	buffer_free(&name);
	return (status);
}

static int
delete_row(struct log * log, const struct cid * parent, uint32_t n)
{
	struct buffer name = {0};
	int status;

	name_row(&name, parent, n);
	status = name.failed ? -ERR_INTERNAL :
	    store_delete(log->store, STORE_MISSING, log->scope,
	        buffer_all(&name));
	buffer_free(&name);
	return (status);
}

static void
put_child(struct buffer * out, const struct log_child * child)
{
	buffer_byte(out, child->cid.n);
	buffer_slice(out, cid_slice(&child->cid));
	buffer_be64(out, child->time);
	buffer_be32(out, child->watched);
	buffer_be32(out, child->parents);
}

static void
read_child(struct reader * r, struct log_child * child)
{
	if (cid_parse(&child->cid, reader_take(r, reader_byte(r))) != 0)
		reader_fail(r);
	child->time = reader_be64(r);
	child->watched = reader_be32(r);
	child->parents = reader_be32(r);
}

/* The parent's own row: what is known of it, then its first children. */
static int
read_parent(struct slice value, struct parent * p, struct slice * children)
{
	struct reader r = reader_of(value);

	if (reader_byte(&r) != KIND_PARENT)
		return (-ERR_DB_READ);
	p->stored = reader_byte(&r) != 0;
	p->children = reader_be32(&r);
	if (cid_parse(&p->cid, reader_take(&r, reader_byte(&r))) != 0)
		return (-ERR_DB_READ);
	*children = reader_rest(&r);
	return (r.failed ? -ERR_DB_READ : 0);
}

static int
write_parent(struct log * log, const struct parent * p, struct slice children)
{
	struct buffer value = {0};
	int status;

	buffer_byte(&value, KIND_PARENT);
	buffer_byte(&value, p->stored);
	buffer_be32(&value, p->children);
	buffer_byte(&value, p->cid.n);
	buffer_slice(&value, cid_slice(&p->cid));
	buffer_slice(&value, children);
	status = value.failed ? -ERR_INTERNAL :
	    put_row(log, &p->cid, 0, buffer_all(&value));
	buffer_free(&value);
	return (status);
}

bool
log_wait_wants(struct log * log, const struct cid * cid)
{
	struct buffer value = {0};
	bool wanted;

	wanted = log->wanted > 0 && get_row(log, cid, 0, &value) == 0;
	buffer_free(&value);
	return (wanted);
}

/* Its row, or what a new one would hold: *made. */
static int
find_parent(struct log * log, const struct cid * cid, struct buffer * value,
    struct parent * p, struct slice * children, bool * made)
{
	uint64_t id;
	int status;

	status = get_row(log, cid, 0, value);
	*made = status == -ERR_NOT_FOUND;
	if (status == 0)
		return (read_parent(buffer_all(value), p, children));
	if (!*made)
		return (status);
	*children = slice_of(NULL, 0);
	*p = (struct parent){.cid = *cid};
	status = store_block_find(log->store, cid_slice(cid), &id);
	p->stored = status == 0;
	return (status == -ERR_NOT_FOUND ? 0 : status);
}

int
log_wait_want(struct log * log, const struct cid * parent)
{
	struct buffer value = {0};
	struct slice children;
	struct parent p;
	bool made;
	int status;

	status = find_parent(log, parent, &value, &p, &children, &made);
	if (status == 0 && made &&
	    (status = write_parent(log, &p, children)) == 0)
		log->wanted++;
	buffer_free(&value);
	return (status);
}

/* Add to a row of more children than the first ones. */
static int
add_further(struct log * log, const struct cid * parent, uint32_t row,
    const struct log_child * child)
{
	struct buffer value = {0};
	int status;

	status = get_row(log, parent, row, &value);
	if (status == -ERR_NOT_FOUND) {
		buffer_byte(&value, KIND_CHILDREN);
		status = 0;
	}
	put_child(&value, child);
	if (status == 0)
		status = value.failed ? -ERR_INTERNAL :
		    put_row(log, parent, row, buffer_all(&value));
	buffer_free(&value);
	return (status);
}

int
log_wait_add(struct log * log, const struct cid * parent,
    const struct log_child * child)
{
	struct buffer value = {0}, children = {0};
	struct slice first;
	struct parent p;
	uint32_t row;
	bool made;
	int status;

	status = find_parent(log, parent, &value, &p, &first, &made);
	if (status != 0)
		goto err0;
	row = p.children++ / CHILDREN;
	buffer_slice(&children, first);
	if (row == 0)
		put_child(&children, child);
	else if ((status = add_further(log, parent, row, child)) != 0)
		goto err0;
	status = children.failed ? -ERR_INTERNAL :
	    write_parent(log, &p, buffer_all(&children));
	if (status == 0)
		log->wanted += made;
err0:
	buffer_free(&children);
	buffer_free(&value);
	return (status);
}

int
log_wait_stored(struct log * log, const struct cid * cid)
{
	struct buffer value = {0};
	struct slice first;
	struct parent p;
	int status;

	if (log->wanted == 0)
		return (0);
	if ((status = get_row(log, cid, 0, &value)) != 0 ||
	    (status = read_parent(buffer_all(&value), &p, &first)) != 0)
		goto err0;
	if (!p.stored) {
		p.stored = true;
		status = write_parent(log, &p, first);
	}
err0:
	buffer_free(&value);
	return (status == -ERR_NOT_FOUND ? 0 : status);
}

int
log_wait_gone(struct log * log, const struct cid * cid)
{
	struct buffer value = {0};
	struct slice first;
	struct parent p;
	int status;

	if ((status = get_row(log, cid, 0, &value)) == 0 &&
	    (status = read_parent(buffer_all(&value), &p, &first)) == 0) {
		p.stored = false;
		status = write_parent(log, &p, first);
	}
	buffer_free(&value);
	return (status == -ERR_NOT_FOUND ? 0 : status);
}

struct oldest {
	struct cid * parents;
	int n, max;
};

static int
take_oldest(void * user, struct slice value)
{
	struct oldest * oldest = user;
	struct slice children;
	struct parent p;
	int status;

	if (value.n == 0 || value.p[0] != KIND_PARENT)
		return (0);
	if ((status = read_parent(value, &p, &children)) != 0)
		return (status);
	oldest->parents[oldest->n++] = p.cid;
	return (oldest->n == oldest->max);
}

int
log_wait_oldest(struct log * log, struct cid * parents, int max)
{
	struct oldest oldest = {parents, 0, max};
	int status;

	status = store_each(log->store, STORE_MISSING, log->scope,
	    take_oldest, &oldest);
	return (status < 0 ? status : oldest.n);
}

static int
read_children(struct reader * r, struct log_child * children, size_t max,
    size_t * n)
{
	while (r->n > 0 && !r->failed && *n < max)
		read_child(r, &children[(*n)++]);
	return (reader_done(r) ? 0 : -ERR_DB_READ);
}

/* Read and forget a row of further children. */
static int
take_further(struct log * log, const struct cid * parent, uint32_t row,
    struct log_child * children, size_t max, size_t * n)
{
	struct buffer value = {0};
	struct reader r;
	int status;

	status = get_row(log, parent, row, &value);
	if (status != 0 && status != -ERR_NOT_FOUND)
		goto err0;
	r = reader_of(buffer_all(&value));
	if (reader_byte(&r) != KIND_CHILDREN) {
		status = -ERR_DB_READ;
		goto err0;
	}
	if ((status = read_children(&r, children, max, n)) == 0)
		status = delete_row(log, parent, row);
err0:
	buffer_free(&value);
	return (status);
}

int
log_wait_take(struct log * log, const struct cid * parent,
    struct log_child ** children, size_t * n)
{
	struct buffer value = {0};
	struct slice first;
	struct reader r;
	struct parent p;
	uint32_t row;
	int status;

	*children = NULL;
	*n = 0;
	if (log->wanted == 0)
		return (0);
	if ((status = get_row(log, parent, 0, &value)) != 0 ||
	    (status = read_parent(buffer_all(&value), &p, &first)) != 0)
		goto err0;
	*children = calloc((size_t)p.children + 1, sizeof(**children));
	if (*children == NULL) {
		status = -ERR_INTERNAL;
		goto err0;
	}
	r = reader_of(first);
	status = read_children(&r, *children, p.children, n);
	for (row = 1; status == 0 && row * CHILDREN < p.children; row++)
		status = take_further(log, parent, row, *children,
		    p.children, n);
	if (status == 0)
		status = delete_row(log, parent, 0);
	if (status == 0)
		log->wanted--;
err0:
	buffer_free(&value);
	if (status != 0) {
		free(*children);
		*children = NULL;
		*n = 0;
	}
	return (status == -ERR_NOT_FOUND ? 0 : status);
}

/* --- ready, but not joined yet ------------------------------------------- */

static void
name_noted(struct buffer * name, const struct cid * cid)
{
	buffer_text(name, "ready");
	buffer_slice(name, cid_slice(cid));
}

int
log_wait_note(struct log * log, uint64_t time, const struct cid * cid)
{
	struct buffer name = {0}, value = {0};
	int status;

	name_noted(&name, cid);
	buffer_byte(&value, KIND_NOTED);
	buffer_be64(&value, time);
	buffer_slice(&value, cid_slice(cid));
	status = name.failed || value.failed ? -ERR_INTERNAL :
	    store_put(log->store, STORE_MISSING, log->scope,
	        buffer_all(&name), buffer_all(&value));
	if (status == 0)
		log->noted++;
	buffer_free(&name);
	buffer_free(&value);
	return (status);
}

int
log_wait_unnote(struct log * log, const struct cid * cid)
{
	struct buffer name = {0};
	int status;

	name_noted(&name, cid);
	status = name.failed ? -ERR_INTERNAL :
	    store_delete(log->store, STORE_MISSING, log->scope,
	        buffer_all(&name));
	if (status == 0)
		log->noted--;
	buffer_free(&name);
	return (status);
}

static int
load_noted(void * user, struct slice value)
{
	struct log_ready ready = {.noted = true};
	struct reader r = reader_of(value);

	if (reader_byte(&r) != KIND_NOTED)
		return (0);
	ready.time = reader_be64(&r);
	if (cid_parse(&ready.cid, reader_rest(&r)) != 0)
		return (-ERR_DB_READ);
	return (log_ready_push(user, &ready));
}

int
log_wait_load_noted(struct log * log)
{
	int status;

	if (log->noted_loaded)
		return (0);
	if (log->noted > 0 && (status = store_each(log->store, STORE_MISSING,
	    log->scope, load_noted, log)) != 0)
		return (status);
	log->noted_loaded = true;
	return (0);
}

/* --- what must be fetched ------------------------------------------------ */

struct missing {
	int (*each)(void * user, const struct cid * cid);
	void * user;
};

static int
each_missing(void * user, struct slice value)
{
	struct missing * m = user;
	struct slice children;
	struct parent p;
	int status;

	if (value.n == 0 || value.p[0] != KIND_PARENT)
		return (0);
	if ((status = read_parent(value, &p, &children)) != 0)
		return (status);
	return (p.stored ? 0 : m->each(m->user, &p.cid));
}

int
log_missing(struct log * log, int (*each)(void * user, const struct cid * cid),
    void * user)
{
	struct missing m = {each, user};
	int status;

	if ((status = log_load(log)) != 0 || log->wanted == 0)
		return (status);
	return (store_each(log->store, STORE_MISSING, log->scope,
	    each_missing, &m));
}
