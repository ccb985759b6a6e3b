#include "group/push_store.h"

#include "group/event_place.h"
#include "group/wire.h"

/* Fields of PushServer and PushMemberTokenUpdate. */
enum { SERVER_KEY = 1, SERVER_ADDRESS = 2 };
enum { UPDATE_SERVER = 1, UPDATE_TOKEN = 2 };

void
push_target_free(struct push_target * t)
{
	buffer_free(&t->held);
	*t = (struct push_target){0};
}

bool
push_server_address(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return (false);
	return (s.n > 0 && s.n <= PUSH_ADDRESS_MAX);
}

bool
push_server_read(struct slice server, uint8_t key[32],
    struct slice * service_addr)
{
	struct slice bytes;

	return (wire_find(server, SERVER_KEY, &bytes) == 0 &&
	    wire_copy(key, KEY_SIZE, bytes) &&
	    wire_find(server, SERVER_ADDRESS, service_addr) == 0 &&
	    push_server_address(*service_addr));
}

static bool
read_update(struct push_target * t, struct slice payload)
{
	struct slice server;

	return (wire_find(payload, UPDATE_SERVER, &server) == 0 &&
	    push_server_read(server, t->server_key, &t->service_addr) &&
	    wire_find(payload, UPDATE_TOKEN, &t->token) == 0 &&
	    t->token.n > 0 && t->token.n <= PUSH_TOKEN_MAX);
}

/* A row: the event's place, then its payload. */
static int
decode(struct push_target * t)
{
	struct reader r = reader_of(buffer_all(&t->held));

	if (!event_place_read(&t->place, &r) ||
	    !read_update(t, slice_of(r.p, r.n)))
		return (-ERR_DB_READ);
	return (0);
}

int
push_store_load(struct store * s, uint64_t scope, const uint8_t device_pk[32],
    struct push_target * t)
{
	int status;

	*t = (struct push_target){0};
	status = store_get(s, STORE_PUSH_TOKEN, scope,
	    slice_of(device_pk, KEY_SIZE), &t->held);
	if (status == 0)
		status = decode(t);
	if (status != 0)
		push_target_free(t);
	return (status);
}

static int
save(struct store * s, uint64_t scope, struct slice payload,
    const uint8_t device_pk[32], const struct event_place * place)
{
	struct buffer row = {0};
	int status;

	event_place_encode(&row, place);
	buffer_slice(&row, payload);
	status = row.failed ? -ERR_INTERNAL :
	    store_put(s, STORE_PUSH_TOKEN, scope,
	        slice_of(device_pk, KEY_SIZE), buffer_all(&row));
	buffer_free(&row);
	return (status);
}

int
push_store_fold(struct store * s, uint64_t scope,
    const struct metadata_event * e, const struct event_place * place)
{
	struct push_target now = {0}, held;
	bool newer;
	int status;

	if (e->type != EVENT_PUSH_MEMBER_TOKEN_UPDATE ||
	    !read_update(&now, e->payload))
		return (0);
	status = push_store_load(s, scope, e->device_pk, &held);
	if (status != 0 && status != -ERR_NOT_FOUND)
		return (status);
	newer = status != 0 || event_place_compare(place, &held.place) > 0;
	push_target_free(&held);
	return (newer ? save(s, scope, e->payload, e->device_pk, place) : 0);
}
