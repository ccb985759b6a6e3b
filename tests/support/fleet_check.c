/* fleet_check.c: what must hold in the end. */
#include <stdlib.h>

#include "base/map.h"
#include "support/fleet_impl.h"

/* --- equal? --------------------------------------------------------------- */

static int
compare_rows(const void * a, const void * b)
{
	return (memcmp(a, b, 32));
}

/* One hash over rows of 32 bytes, whatever their order. */
static void
hash_rows(struct buffer * rows, uint8_t hash[32])
{
	struct slice all;

	assert_false(rows->failed);
	if (rows->n > 0)
		qsort(rows->p, rows->n / 32, 32, compare_rows);
	all = buffer_all(rows);
	sha256(hash, &all, 1);
}

static void
add_cid(struct buffer * rows, const struct cid * cid)
{
	struct slice bytes = cid_slice(cid);
	uint8_t hash[32];

	sha256(hash, &bytes, 1);
	buffer_append(rows, hash, 32);
}

static void
hash_heads(struct log * log, uint8_t hash[32])
{
	size_t i, n = log_heads_count(log);
	struct cid * heads = calloc(n + 1, sizeof(*heads));
	struct buffer rows = {0};

	assert_non_null(heads);
	n = log_heads(log, heads, n);
	for (i = 0; i < n; i++)
		add_cid(&rows, &heads[i]);
	hash_rows(&rows, hash);
	buffer_free(&rows);
	free(heads);
}

static int
add_device(void * user, const uint8_t member_pk[32],
    const uint8_t device_pk[32])
{
	struct slice pieces[2] = {slice_of(member_pk, 32),
	    slice_of(device_pk, 32)};
	uint8_t hash[32];

	sha256(hash, pieces, 2);
	buffer_append(user, hash, 32);
	return (0);
}

static void
hash_devices(struct group * g, uint8_t hash[32])
{
	struct buffer rows = {0};

	assert_int_equal(group_each_device(g, add_device, &rows), 0);
	hash_rows(&rows, hash);
	buffer_free(&rows);
}

static bool
same_log(struct log * a, struct log * b)
{
	struct log_status of_a, of_b;
	uint8_t heads_a[32], heads_b[32];

	log_status(a, &of_a);
	log_status(b, &of_b);
	if (of_a.joined != of_b.joined || of_a.time != of_b.time ||
	    of_a.waiting != 0 || of_b.waiting != 0)
		return (false);
	hash_heads(a, heads_a);
	hash_heads(b, heads_b);
	return (memcmp(heads_a, heads_b, 32) == 0);
}

static const char *
difference(struct group * a, struct group * b)
{
	uint8_t of_a[32], of_b[32];

	if (!same_log(group_metadata_log(a), group_metadata_log(b)))
		return ("metadata logs differ");
	if (!same_log(group_message_log(a), group_message_log(b)))
		return ("message logs differ");
	hash_devices(a, of_a);
	hash_devices(b, of_b);
	if (memcmp(of_a, of_b, 32) != 0)
		return ("members differ");
	return (NULL);
}

bool
fleet_equal(struct fleet * f, const uint8_t group_pk[32], const char ** why)
{
	struct group *first = NULL, *g;
	const char * found = NULL;
	size_t i;

	for (i = 0; i < f->n && found == NULL; i++) {
		if ((g = fleet_group(f, i, group_pk)) == NULL)
			continue;
		if (first == NULL)
			first = g;
		else
			found = difference(first, g);
	}
	if (why != NULL)
		*why = found;
	return (found == NULL);
}

struct equal_wait {
	struct fleet * f;
	const uint8_t * group_pk;
};

static bool
are_equal(void * user)
{
	struct equal_wait * w = user;

	return (fleet_equal(w->f, w->group_pk, NULL));
}

bool
fleet_wait_equal(struct fleet * f, const uint8_t group_pk[32], uint64_t max_ms)
{
	struct equal_wait w = {f, group_pk};
	const char * why;

	if (sim_run_until(f->sim, are_equal, &w, max_ms))
		return (true);
	(void)fleet_equal(f, group_pk, &why);
	(void)sim_holds(f->sim, false, why);
	return (false);
}

/* --- lists ---------------------------------------------------------------- */

/* What a list said of its entries: their place in it, from 1 on. */
struct listing {
	struct fleet * f;
	struct map places;
	bool strict;
};

static void
check_entry(struct listing * l, const API(EventContext) * context, size_t place)
{
	struct slice id = protobuf_slice(context->id), parent;
	size_t i;

	sim_assert(l->f->sim, map_get(&l->places, id) == NULL);
	for (i = 0; l->strict && i < context->n_parent_ids; i++) {
		parent = protobuf_slice(context->parent_ids[i]);
		sim_assert(l->f->sim, map_get(&l->places, parent) != NULL);
	}
	assert_int_equal(map_set(&l->places, id, (void *)(uintptr_t)place), 0);
}

static void
check_messages(struct fleet * f, size_t i, const uint8_t group_pk[32],
    bool strict)
{
	API(GroupMessageList__Request) request =
	    API_INIT(GROUP_MESSAGE_LIST__REQUEST);
	struct listing l = {.f = f, .strict = strict};
	const API(GroupMessageEvent) * event;
	struct fleet_call * call;
	size_t at;

	request.group_pk = key_bytes(group_pk);
	request.until_now = true;
	call = fleet_ask(f, i, "GroupMessageList", &request);
	for (at = 0; at < call->n; at++) {
		event = call->replies[at];
		check_entry(&l, event->event_context, at + 1);
	}
	sim_assert(f->sim, call->n == fleet_count(f, i, group_pk));
	fleet_end(call);
	map_free(&l.places);
}

static void
check_metadata(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	API(GroupMetadataList__Request) request =
	    API_INIT(GROUP_METADATA_LIST__REQUEST);
	struct listing l = {.f = f, .strict = true};
	const API(GroupMetadataEvent) * event;
	struct fleet_call * call;
	size_t at;

	request.group_pk = key_bytes(group_pk);
	request.until_now = true;
	call = fleet_ask(f, i, "GroupMetadataList", &request);
	for (at = 0; at < call->n; at++) {
		event = call->replies[at];
		check_entry(&l, event->event_context, at + 1);
	}
	sim_assert(f->sim, call->n > 0);
	fleet_end(call);
	map_free(&l.places);
}

void
fleet_check_lists(struct fleet * f, size_t i, const uint8_t group_pk[32],
    bool strict)
{
	check_messages(f, i, group_pk, strict);
	check_metadata(f, i, group_pk);
}

/* All messages that a node lists: CID, counter, device and text, hashed. */
static uint64_t
hash_messages(struct fleet * f, struct group * g, uint8_t hash[32])
{
	uint64_t at, n = log_arrivals(group_message_log(g));
	struct group_message m = {0};
	struct slice pieces[4];
	struct buffer rows = {0};
	uint8_t row[32];

	for (at = 1; at <= n; at++) {
		sim_assert(f->sim, group_message_at(g, at, &m) == 0);
		pieces[0] = cid_slice(&m.item.cid);
		pieces[1] = slice_of(&m.headers.counter, 8);
		pieces[2] = slice_of(m.headers.device_pk, 32);
		pieces[3] = m.message.plaintext;
		sha256(row, pieces, 4);
		buffer_append(&rows, row, 32);
		group_message_free(&m);
	}
	hash_rows(&rows, hash);
	buffer_free(&rows);
	return (n);
}

void
fleet_check_same_messages(struct fleet * f, const uint8_t group_pk[32])
{
	uint8_t first[32], hash[32];
	uint64_t count = UINT64_MAX, n;
	struct group * g;
	size_t i;

	for (i = 0; i < f->n; i++) {
		if ((g = fleet_group(f, i, group_pk)) == NULL)
			continue;
		n = hash_messages(f, g, hash);
		if (count == UINT64_MAX) {
			count = n;
			memcpy(first, hash, 32);
		}
		sim_assert(f->sim, n == count);
		sim_assert(f->sim, memcmp(first, hash, 32) == 0);
	}
}

/* Opened or not, each joined message names its device and counter. */
static bool
take_headers(struct group * g, uint64_t join, struct message_headers * h)
{
	struct buffer envelope = {0};
	struct log_item item = {0};
	bool good;

	if (log_at_join(group_message_log(g), join, &item) != 0)
		return (false);
	good = operation_value(&envelope, item.entry.payload) == 0 &&
	    message_open_headers(h, buffer_all(&envelope),
	        group_info_of(g)) == 0;
	buffer_free(&envelope);
	log_item_free(&item);
	return (good);
}

size_t
fleet_reused_keys(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	struct group * g = fleet_group(f, i, group_pk);
	struct message_headers h = {0};
	struct log_status status;
	struct map seen = {0};
	uint8_t name[40];
	uint64_t at;
	size_t reused = 0;

	assert_non_null(g);
	log_status(group_message_log(g), &status);
	for (at = 1; at <= status.joined; at++) {
		sim_assert(f->sim, take_headers(g, at, &h));
		memcpy(name, h.device_pk, 32);
		memcpy(name + 32, &h.counter, 8);
		reused += map_get(&seen, slice_of(name, 40)) != NULL;
		assert_int_equal(map_set(&seen, slice_of(name, 40), f), 0);
	}
	map_free(&seen);
	return (reused);
}

size_t
fleet_events(struct fleet * f, size_t i, const uint8_t group_pk[32],
    unsigned type)
{
	struct group * g = fleet_group(f, i, group_pk);
	struct group_event e = {0};
	uint64_t at, n;
	size_t found = 0;

	assert_non_null(g);
	n = log_arrivals(group_metadata_log(g));
	for (at = 1; at <= n; at++)
		if (group_event_at(g, at, &e) == 0) {
			found += e.event.type == type;
			group_event_free(&e);
		}
	return (found);
}
