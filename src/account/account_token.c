#include "account/account_token.h"

#include <stdlib.h>

#include "account/account_impl.h"
#include "codec/protobuf.h"
#include "group/wire.h"

/* Form of the registers, their first byte. */
#define FORM 1

typedef Berty__Protocol__V1__ServiceToken Token;

/* A register: where it comes from, and the token, empty once removed. */
struct held {
	struct event_place place;
	struct slice id, bytes;   /* borrow from stored */
};

/* --- the registers -------------------------------------------------------- */

static int
parse(struct held * h, struct slice stored)
{
	struct reader r = reader_of(stored);
	uint8_t form = reader_byte(&r);

	registers_take_place(&r, &h->place);
	h->id = reader_prefixed(&r, TOKEN_ID_SIZE);
	h->bytes = reader_prefixed(&r, ACCOUNT_TOKEN_MAX);
	return (reader_done(&r) && form == FORM ? 0 : -ERR_DB_READ);
}

/* Read one; an absent one has no place.  Free stored in every case. */
static int
read_token(struct account * a, struct slice id, struct held * h,
    struct buffer * stored)
{
	int status;

	memset(h, 0, sizeof(*h));
	status = store_get(a->context.store, STORE_SERVICE_TOKEN,
	    a->registers.scope, id, stored);
	if (status == -ERR_NOT_FOUND)
		return (0);
	return (status != 0 ? status : parse(h, buffer_all(stored)));
}

static int
write_token(struct account * a, struct slice id,
    const struct event_place * place, struct slice bytes)
{
	struct buffer before = {0}, after = {0};
	struct held h;
	int status;

	status = read_token(a, id, &h, &before);
	if (status != 0 || !registers_later(place, &h.place))
		goto out;
	buffer_byte(&after, FORM);
	registers_put_place(&after, place);
	registers_put_bytes(&after, id);
	registers_put_bytes(&after, bytes);
	status = after.failed ? -ERR_INTERNAL :
	    store_put(a->context.store, STORE_SERVICE_TOKEN,
	        a->registers.scope, id, buffer_all(&after));
out:
	buffer_wipe(&before);
	buffer_wipe(&after);
	return (status);
}

static Token *
decode(struct slice bytes)
{
	return (protobuf_decode(
	    &berty__protocol__v1__service_token__descriptor, bytes,
	    protobuf_cap(bytes.n)));
}

static int
fold_added(struct account * a, struct slice payload,
    const struct event_place * place)
{
	char id[TOKEN_ID_SIZE + 1];
	struct slice bytes;
	Token * token;

	if (wire_find(payload, 2, &bytes) != 0 ||
	    bytes.n > ACCOUNT_TOKEN_MAX || (token = decode(bytes)) == NULL)
		return (0);
	token_id(id, slice_text(token->authentication_url),
	    slice_text(token->token));
	protobuf_free(token);
	return (write_token(a, slice_of(id, TOKEN_ID_SIZE), place, bytes));
}

int
account_token_fold(struct account * a, const struct metadata_event * e,
    const struct event_place * place)
{
	struct slice id;

	if (e->type == EVENT_SERVICE_TOKEN_ADDED)
		return (fold_added(a, e->payload, place));
	if (wire_find(e->payload, 2, &id) != 0 || id.n != TOKEN_ID_SIZE)
		return (0);
	return (write_token(a, id, place, (struct slice){0}));
}

/* --- events --------------------------------------------------------------- */

static int
read_failed(struct error * err, int status)
{
	return (error_from(err, ERR_INTERNAL, status,
	    "the tokens cannot be read"));
}

/* Is there a token of that id now?  Or a code. */
static int
is_held(struct account * a, struct slice id, bool * held, struct error * err)
{
	struct buffer stored = {0};
	struct held h;
	int status;

	status = read_token(a, id, &h, &stored);
	*held = h.bytes.n > 0;
	buffer_wipe(&stored);
	return (status == 0 ? 0 : read_failed(err, status));
}

int
account_token_add(struct account * a, const Token * token,
    char id[TOKEN_ID_SIZE + 1], struct error * err)
{
	Berty__Protocol__V1__AccountServiceTokenAdded event =
	    BERTY__PROTOCOL__V1__ACCOUNT_SERVICE_TOKEN_ADDED__INIT;
	bool held;
	int rc;

	if (protobuf_c_message_get_packed_size(&token->base) >
	    ACCOUNT_TOKEN_MAX)
		return (error_set(err, ERR_INVALID_INPUT,
		    "the token is too large"));
	token_id(id, slice_text(token->authentication_url),
	    slice_text(token->token));
	if ((rc = is_held(a, slice_of(id, TOKEN_ID_SIZE), &held, err)) != 0)
		return (rc);
	if (held)
		return (error_set(err, ERR_INVALID_INPUT,
		    "the token is registered already"));
	event.device_pk = account_device(a);
	event.service_token = (Token *)(uintptr_t)token;
	return (account_write(a, EVENT_SERVICE_TOKEN_ADDED, &event, err));
}

int
account_token_remove(struct account * a, const char * id, struct error * err)
{
	Berty__Protocol__V1__AccountServiceTokenRemoved event =
	    BERTY__PROTOCOL__V1__ACCOUNT_SERVICE_TOKEN_REMOVED__INIT;
	bool held = false;
	int rc = 0;

	if (strlen(id) == TOKEN_ID_SIZE)
		rc = is_held(a, slice_text(id), &held, err);
	if (rc != 0)
		return (rc);
	if (!held)
		return (error_set(err, ERR_SERVICES_AUTH_UNKNOWN_TOKEN,
		    "there is no token of that id"));
	event.device_pk = account_device(a);
	event.token_id = (char *)(uintptr_t)id;
	return (account_write(a, EVENT_SERVICE_TOKEN_REMOVED, &event, err));
}

/* --- reading -------------------------------------------------------------- */

struct walk {
	int (*each)(void * user, const char * id, const Token * token);
	void * user;
};

static int
walk_one(void * user, struct slice stored)
{
	struct walk * w = user;
	char id[TOKEN_ID_SIZE + 1] = {0};
	struct held h;
	Token * token;
	int rc;

	if ((rc = parse(&h, stored)) != 0)
		return (rc);
	if (h.bytes.n == 0 || h.id.n != TOKEN_ID_SIZE)
		return (0);
	if ((token = decode(h.bytes)) == NULL)
		return (-ERR_DB_READ);
	memcpy(id, h.id.p, TOKEN_ID_SIZE);
	rc = w->each(w->user, id, token);
	protobuf_free(token);
	return (rc);
}

int
account_each_token(struct account * a,
    int (*each)(void * user, const char * id, const Token * token),
    void * user)
{
	struct walk w = {each, user};

	return (store_each(a->context.store, STORE_SERVICE_TOKEN,
	    a->registers.scope, walk_one, &w));
}

void
service_token_free(struct service_token * t)
{
	buffer_wipe(&t->token);
	buffer_free(&t->url);
	buffer_free(&t->endpoint);
}

static int
fill(struct service_token * t, const Token * token, const char * service)
{
	size_t i;

	buffer_text(&t->token, token->token);
	buffer_byte(&t->token, 0);
	buffer_text(&t->url, token->authentication_url);
	buffer_byte(&t->url, 0);
	for (i = 0; i < token->n_supported_services; i++)
		if (strcmp(token->supported_services[i]->service_type,
		    service) == 0) {
			buffer_text(&t->endpoint,
			    token->supported_services[i]->service_endpoint);
			break;
		}
	buffer_byte(&t->endpoint, 0);
	t->expiration = token->expiration;
	return (t->token.failed || t->url.failed || t->endpoint.failed
	    ? -ERR_INTERNAL : 0);
}

int
account_service_token(struct account * a, const char * id,
    const char * service, struct service_token * t, struct error * err)
{
	struct buffer stored = {0};
	Token * token = NULL;
	struct held h = {0};
	int rc = 0;

	memset(t, 0, sizeof(*t));
	if (strlen(id) == TOKEN_ID_SIZE)
		rc = read_token(a, slice_text(id), &h, &stored);
	if (rc != 0)
		rc = read_failed(err, rc);
	else if (stored.n == 0)
		rc = error_set(err, ERR_SERVICES_AUTH_UNKNOWN_TOKEN,
		    "there is no token of that id");
	else if (h.bytes.n == 0)
		rc = error_set(err, ERR_INVALID_INPUT,
		    "the token of that id was removed");
	else if ((token = decode(h.bytes)) == NULL)
		rc = read_failed(err, -ERR_DB_READ);
	else if (fill(t, token, service) != 0)
		rc = error_set(err, ERR_INTERNAL, "out of memory");
	if (token != NULL)
		protobuf_free(token);
	if (rc != 0)
		service_token_free(t);
	buffer_wipe(&stored);
	return (rc);
}
