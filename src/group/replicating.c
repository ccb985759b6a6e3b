#include "group/replicating.h"

#include "codec/multiaddr.h"
#include "group/event_place.h"
#include "group/wire.h"

/* Fields of GroupReplicating. */
enum { DEVICE = 1, URL = 2, SERVER = 3, ADDRESSES = 7000 };

static bool
is_text(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return (false);
	return (s.n <= REPLICATING_TEXT_MAX);
}

bool
replicating_read(struct replicating * r)
{
	return (r->payload.n <= REPLICATING_EVENT_MAX &&
	    wire_find(r->payload, URL, &r->authentication_url) == 0 &&
	    wire_find(r->payload, SERVER, &r->server) == 0 &&
	    is_text(r->authentication_url) && is_text(r->server) &&
	    r->server.n > 0);
}

/* A row: the event's place, the device, its payload. */
static bool
read_row(struct replicating * r, struct slice value)
{
	struct reader in = reader_of(value);

	if (!event_place_read(&r->place, &in) || in.n < KEY_SIZE)
		return (false);
	memcpy(r->device_pk, reader_take(&in, KEY_SIZE).p, KEY_SIZE);
	r->payload = reader_rest(&in);
	return (replicating_read(r));
}

static void
row_name(struct buffer * out, const uint8_t device_pk[32], struct slice server)
{
	buffer_append(out, device_pk, KEY_SIZE);
	buffer_slice(out, server);
}

/* --- events --------------------------------------------------------------- */

void
replicating_encode(struct buffer * out, const uint8_t device_pk[32],
    struct slice authentication_url, struct slice server,
    struct slice addresses)
{
	struct reader r = reader_of(addresses);

	wire_put_bytes(out, DEVICE, slice_of(device_pk, KEY_SIZE));
	wire_put_bytes(out, URL, authentication_url);
	wire_put_bytes(out, SERVER, server);
	while (r.n > 0 && !r.failed)
		wire_put_bytes(out, ADDRESSES, reader_prefixed(&r,
		    MULTIADDR_MAX));
}

bool
replicating_address(const struct replicating * r, size_t * at,
    struct slice * multiaddr)
{
	struct reader in = reader_of(r->payload);
	struct wire_field f;
	size_t n = 0;

	while (*at < REPLICATING_ADDRESSES_MAX && wire_next(&in, &f)) {
		if (!wire_is_bytes(&f, ADDRESSES) || n++ < *at)
			continue;
		(*at)++;
		*multiaddr = f.bytes;
		return (true);
	}
	return (false);
}

/* --- the store ------------------------------------------------------------ */

static int
load(struct store * s, uint64_t scope, const uint8_t device_pk[32],
    struct slice server, struct buffer * value)
{
	struct buffer name = {0};
	int status;

	row_name(&name, device_pk, server);
	status = name.failed ? -ERR_INTERNAL : store_get(s,
	    STORE_REPLICATING, scope, buffer_all(&name), value);
	buffer_free(&name);
	return (status);
}

static int
save(struct store * s, uint64_t scope, const struct replicating * r)
{
	struct buffer name = {0}, value = {0};
	int status;

	row_name(&name, r->device_pk, r->server);
	event_place_encode(&value, &r->place);
	buffer_append(&value, r->device_pk, KEY_SIZE);
	buffer_slice(&value, r->payload);
	status = name.failed || value.failed ? -ERR_INTERNAL : store_put(s,
	    STORE_REPLICATING, scope, buffer_all(&name), buffer_all(&value));
	buffer_free(&name);
	buffer_free(&value);
	return (status);
}

int
replicating_fold(struct store * s, uint64_t scope,
    const struct metadata_event * e, const struct event_place * place)
{
	struct replicating now = {.place = *place, .payload = e->payload};
	struct replicating held;
	struct buffer value = {0};
	bool newer;
	int status;

	if (e->type != EVENT_GROUP_REPLICATING || !replicating_read(&now))
		return (0);
	memcpy(now.device_pk, e->device_pk, KEY_SIZE);
	status = load(s, scope, now.device_pk, now.server, &value);
	if (status != 0 && status != -ERR_NOT_FOUND) {
		buffer_free(&value);
		return (status);
	}
	newer = status != 0 || !read_row(&held, buffer_all(&value)) ||
	    event_place_compare(place, &held.place) > 0;
	buffer_free(&value);
	return (newer ? save(s, scope, &now) : 0);
}

/* How many of a device were given. */
struct given {
	uint8_t device_pk[32];
	size_t n;
};

struct walk {
	int (*each)(void * user, const struct replicating * r);
	void * user;
	struct given devices[REPLICATING_GROUP_MAX];
	size_t n_devices, n;
};

/* Count one more; false when there were enough. */
static bool
count(struct walk * w, const uint8_t device_pk[32])
{
	size_t i = 0;

	while (i < w->n_devices && memcmp(w->devices[i].device_pk, device_pk,
	    KEY_SIZE) != 0)
		i++;
	if (w->n == REPLICATING_GROUP_MAX ||
	    (i < w->n_devices && w->devices[i].n == REPLICATING_DEVICE_MAX))
		return (false);
	if (i == w->n_devices)
		memcpy(w->devices[w->n_devices++].device_pk, device_pk,
		    KEY_SIZE);
	w->devices[i].n++;
	w->n++;
	return (true);
}

static int
each_row(void * user, struct slice value)
{
	struct walk * w = user;
	struct replicating r;

	return (read_row(&r, value) && count(w, r.device_pk) ?
	    w->each(w->user, &r) : 0);
}

int
replicating_each(struct store * s, uint64_t scope,
    int (*each)(void * user, const struct replicating * r), void * user)
{
	struct walk w = {.each = each, .user = user};

	return (store_each(s, STORE_REPLICATING, scope, each_row, &w));
}

int
replicating_has(struct store * s, uint64_t scope,
    const uint8_t device_pk[32], struct slice server)
{
	struct buffer value = {0};
	int status = load(s, scope, device_pk, server, &value);

	buffer_free(&value);
	return (status == 0 ? 1 : status == -ERR_NOT_FOUND ? 0 : status);
}
