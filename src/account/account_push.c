#include "account/account_push.h"

#include "account/account_impl.h"
#include "group/push_store.h"
#include "group/wire.h"

/* Names on disk. */
#define NAME_KEY "pushSK"
#define NAME_TOKEN "push token:"
#define NAME_SERVER "push server:"

/* Form of the registers, their first byte. */
#define FORM 1

/* Largest receiver or server that a register holds, bytes. */
#define BYTES_MAX 16384

/* --- the key -------------------------------------------------------------- */

static int
make_key(const struct group_context * context, uint8_t private[KEY_SIZE])
{
	static const uint8_t zeros[KEY_SIZE];

	/* All zero would be everybody's key, as it is in Go's daemon. */
	do
		world_random(context->world, private, KEY_SIZE);
	while (crypto_equal(private, zeros, KEY_SIZE));
	return (store_put(context->store, STORE_KEY, 0, slice_text(NAME_KEY),
	    slice_of(private, KEY_SIZE)));
}

int
account_push_key_load(const struct group_context * context,
    struct account_push_key ** key)
{
	struct account_push_key * k;
	struct buffer stored = {0};
	int status;

	if ((k = secret_new(context->secrets, sizeof(*k))) == NULL)
		return (-ERR_INTERNAL);
	status = store_get(context->store, STORE_KEY, 0, slice_text(NAME_KEY),
	    &stored);
	if (status == 0 && stored.n != KEY_SIZE)
		status = -ERR_DB_READ;
	if (status == 0)
		memcpy(k->private, stored.p, KEY_SIZE);
	else if (status == -ERR_NOT_FOUND)
		status = make_key(context, k->private);
	buffer_wipe(&stored);
	if (status != 0) {
		secret_free(context->secrets, k, sizeof(*k));
		return (status);
	}
	x25519_base(k->public, k->private);
	*key = k;
	return (0);
}

const struct account_push_key *
account_push_key(const struct account * a)
{

	return (a->push);
}

/* --- the registers -------------------------------------------------------- */

static void
name_register(struct buffer * name, const char * what,
    const uint8_t device_pk[KEY_SIZE])
{

	buffer_text(name, what);
	buffer_append(name, device_pk, KEY_SIZE);
}

/* Append the value, if there is one; place is that of its event. */
static int
read_register(struct account * a, struct slice name,
    struct event_place * place, struct buffer * value)
{
	struct buffer stored = {0};
	struct slice bytes;
	struct reader r;
	int status;

	status = store_get(a->context.store, STORE_ACCOUNT,
	    a->registers.scope, name, &stored);
	if (status != 0)
		return (status);
	r = reader_of(buffer_all(&stored));
	if (reader_byte(&r) != FORM)
		reader_fail(&r);
	registers_take_place(&r, place);
	bytes = reader_prefixed(&r, BYTES_MAX);
	if (!reader_done(&r))
		status = -ERR_DB_READ;
	else if (value != NULL)
		buffer_slice(value, bytes);
	buffer_free(&stored);
	return (status);
}

static int
write_register(struct account * a, struct slice name,
    const struct event_place * place, struct slice value)
{
	struct event_place held = {0};
	struct buffer stored = {0};
	int status;

	status = read_register(a, name, &held, NULL);
	if (status != 0 && status != -ERR_NOT_FOUND)
		return (status);
	if (!registers_later(place, &held))
		return (0);
	buffer_byte(&stored, FORM);
	registers_put_place(&stored, place);
	registers_put_bytes(&stored, value);
	status = stored.failed ? -ERR_INTERNAL :
	    store_put(a->context.store, STORE_ACCOUNT, a->registers.scope,
	        name, buffer_all(&stored));
	buffer_free(&stored);
	return (status);
}

static int
fold_register(struct account * a, const char * what,
    const struct metadata_event * e, const struct event_place * place,
    struct slice value)
{
	struct buffer name = {0};
	int status;

	name_register(&name, what, e->device_pk);
	status = name.failed ? -ERR_INTERNAL :
	    write_register(a, buffer_all(&name), place, value);
	buffer_free(&name);
	return (status);
}

static bool
is_own(const struct account * a, const struct metadata_event * e)
{

	return (memcmp(e->device_pk, a->keys->device.pub, KEY_SIZE) == 0);
}

static int
fold_server(struct account * a, const struct metadata_event * e,
    const struct event_place * place, struct slice server)
{
	uint8_t key[KEY_SIZE];
	struct slice service_addr;
	int status;

	if (!push_server_read(server, key, &service_addr))
		return (0);
	status = fold_register(a, NAME_SERVER, e, place, server);
	if (status == 0 && is_own(a, e))
		status = account_push_know_server(a, key);
	return (status);
}

int
account_push_fold(struct account * a, const struct metadata_event * e,
    const struct event_place * place)
{
	struct slice value;

	if ((e->type != EVENT_PUSH_DEVICE_TOKEN_REGISTERED &&
	    e->type != EVENT_PUSH_DEVICE_SERVER_REGISTERED) ||
	    wire_find(e->payload, 1, &value) != 0 || value.n == 0 ||
	    value.n > BYTES_MAX)
		return (0);
	if (e->type == EVENT_PUSH_DEVICE_SERVER_REGISTERED)
		return (fold_server(a, e, place, value));
	return (fold_register(a, NAME_TOKEN, e, place, value));
}

static int
own_register(struct account * a, const char * what, struct buffer * value)
{
	struct buffer name = {0};
	struct event_place place;
	int status;

	name_register(&name, what, a->keys->device.pub);
	status = name.failed ? -ERR_INTERNAL :
	    read_register(a, buffer_all(&name), &place, value);
	buffer_free(&name);
	return (status);
}

int
account_push_token(struct account * a, struct buffer * receiver)
{

	return (own_register(a, NAME_TOKEN, receiver));
}

int
account_push_server(struct account * a, struct buffer * server)
{

	return (own_register(a, NAME_SERVER, server));
}

/* --- the events ----------------------------------------------------------- */

void
push_receiver_encode(struct buffer * out, const struct push_receiver * r)
{

	wire_put_varint(out, 1, r->token_type);
	wire_put_bytes(out, 2, r->bundle_id);
	wire_put_bytes(out, 3, r->token);
	wire_put_bytes(out, 4, slice_of(r->recipient, KEY_SIZE));
}

void
push_server_encode(struct buffer * out, const uint8_t key[32],
    struct slice service_addr)
{

	wire_put_bytes(out, 1, slice_of(key, KEY_SIZE));
	wire_put_bytes(out, 2, service_addr);
}

/* 405 and 406 are alike: what is registered, and the device. */
static int
write_registered(struct account * a, unsigned type, const char * what,
    const struct buffer * value, struct error * err)
{
	struct buffer held = {0}, payload = {0};
	bool same;
	int status;

	same = own_register(a, what, &held) == 0 &&
	    slice_equal(buffer_all(&held), buffer_all(value));
	buffer_free(&held);
	if (same)
		return (0);
	wire_put_bytes(&payload, 1, buffer_all(value));
	wire_put_bytes(&payload, 2,
	    slice_of(a->keys->device.pub, KEY_SIZE));
	if (value->failed || payload.failed)
		status = error_set(err, ERR_INTERNAL, "no memory");
	else
		status = group_write_event(a->group, type,
		    buffer_all(&payload), NULL, NULL, err);
	buffer_free(&payload);
	return (status);
}

int
account_push_set_token(struct account * a, struct push_receiver * r,
    struct error * err)
{
	struct buffer receiver = {0};
	int status;

	memcpy(r->recipient, a->push->public, KEY_SIZE);
	push_receiver_encode(&receiver, r);
	status = write_registered(a, EVENT_PUSH_DEVICE_TOKEN_REGISTERED,
	    NAME_TOKEN, &receiver, err);
	buffer_free(&receiver);
	return (status);
}

int
account_push_set_server(struct account * a, const uint8_t key[32],
    struct slice service_addr, struct error * err)
{
	struct buffer server = {0};
	int status;

	push_server_encode(&server, key, service_addr);
	status = write_registered(a, EVENT_PUSH_DEVICE_SERVER_REGISTERED,
	    NAME_SERVER, &server, err);
	buffer_free(&server);
	return (status);
}

/* --- relays that know us -------------------------------------------------- */

struct known {
	uint8_t keys[PUSH_SERVERS_MAX][KEY_SIZE];
	size_t n;
};

static int
take_known(void * user, struct slice value)
{
	struct known * known = user;

	if (value.n == KEY_SIZE && known->n < PUSH_SERVERS_MAX)
		memcpy(known->keys[known->n++], value.p, KEY_SIZE);
	return (0);
}

static int
walk_known(struct account * a, struct known * known)
{

	known->n = 0;
	return (store_each(a->context.store, STORE_PUSH_SERVER,
	    a->registers.scope, take_known, known));
}

static int
remove_known(struct account * a, const uint8_t key[KEY_SIZE])
{
	int status;

	status = store_delete(a->context.store, STORE_PUSH_SERVER,
	    a->registers.scope, slice_of(key, KEY_SIZE));
	return (status == -ERR_NOT_FOUND ? 0 : status);
}

/* The walk is in the order of arrival: what is put anew is the newest. */
int
account_push_know_server(struct account * a, const uint8_t key[32])
{
	struct known known;
	int status;

	if ((status = remove_known(a, key)) != 0 ||
	    (status = walk_known(a, &known)) != 0)
		return (status);
	if (known.n == PUSH_SERVERS_MAX &&
	    (status = remove_known(a, known.keys[0])) != 0)
		return (status);
	return (store_put(a->context.store, STORE_PUSH_SERVER,
	    a->registers.scope, slice_of(key, KEY_SIZE),
	    slice_of(key, KEY_SIZE)));
}

static bool
registered_key(struct account * a, uint8_t key[KEY_SIZE])
{
	struct buffer server = {0};
	struct slice service_addr;
	bool found;

	found = account_push_server(a, &server) == 0 &&
	    push_server_read(buffer_all(&server), key, &service_addr);
	buffer_free(&server);
	return (found);
}

size_t
account_push_servers(struct account * a, uint8_t keys[PUSH_SERVERS_MAX][32])
{
	struct known known;
	size_t n = 0, i;

	if (registered_key(a, keys[0]))
		n = 1;
	if (walk_known(a, &known) != 0)
		return (n);
	for (i = known.n; i-- > 0 && n < PUSH_SERVERS_MAX;)
		if (n == 0 || memcmp(known.keys[i], keys[0], KEY_SIZE) != 0)
			memcpy(keys[n++], known.keys[i], KEY_SIZE);
	return (n);
}
