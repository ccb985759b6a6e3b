/* replication.c: have a server keep a group for members who are away. */
#include <stdlib.h>

#include "account/account_token.h"
#include "api/v1/v1.h"
#include "berty/replication/v1/bertyreplication.pb-c.h"
#include "group/replicating.h"
#include "services/auth_token.h"

#define RPL(name) Berty__Replication__V1__##name

/* A registration that is under way. */
struct registering {
	struct api_call * call;
	struct node * node;
	uint8_t group_pk[KEY_SIZE];
	struct service_token token;
	struct web_request request;
	bool asking;
	struct buffer body, addresses;
	struct node_watcher watcher;
	struct error err;
};

static void
end(struct registering * r, const struct error * err)
{
	struct api_call * call = r->call;
	V1(ReplicationServiceRegisterGroup__Reply) reply =
	    V1_INIT(REPLICATION_SERVICE_REGISTER_GROUP__REPLY);
	struct error why;

	if (err != NULL)
		why = *err;
	if (r->asking)
		web_cancel(node_web(r->node), &r->request);
	if (r->watcher.user != NULL)
		node_unwatch(r->node, &r->watcher);
	service_token_free(&r->token);
	buffer_free(&r->request.answer);
	buffer_wipe(&r->body);
	buffer_free(&r->addresses);
	crypto_wipe(r, sizeof(*r));
	free(r);
	call->on_cancelled = NULL;
	if (err != NULL)
		api_fail(call, &why);
	else
		api_answer(call, &reply);
}

/* --- what the server is told ---------------------------------------------- */

/* The group's own key signs its link key: both sides can derive that. */
static int
sign_link_key(struct node * n, struct group * g, const uint8_t link_key[32],
    uint8_t sig[64], struct error * err)
{
	const struct account_keys * keys = account_keys(node_account(n));
	const struct group_info * info = group_info_of(g);
	struct ed25519_key key;
	struct group_info same;
	int rc = 0;

	if (info->has_link_key_sig) {
		memcpy(sig, info->link_key_sig, SIGNATURE_SIZE);
		return (0);
	}
	switch (info->type) {
	case GROUP_ACCOUNT:
		ed25519_sign(sig, &keys->account, slice_of(link_key, KEY_SIZE));
		return (0);
	case GROUP_CONTACT:
		rc = group_of_contact(&same, &key, &keys->account,
		    group_contact_pk(g));
		if (rc == 0)
			ed25519_sign(sig, &key, slice_of(link_key, KEY_SIZE));
		crypto_wipe(&key, sizeof(key));
		crypto_wipe(&same, sizeof(same));
		return (rc == 0 ? 0 : error_set(err, -rc,
		    "the group's key cannot be derived"));
	default:
		return (error_set(err, ERR_INVALID_INPUT, "the invitation to "
		    "this group came without what a server asks for: a member "
		    "who has it (link_key_sig) can have the group kept"));
	}
}

/* Never the secret. */
static int
encode_request(struct registering * r, struct group * g)
{
	RPL(ReplicationServiceReplicateGroup__Request) request =
	    BERTY__REPLICATION__V1__REPLICATION_SERVICE_REPLICATE_GROUP__REQUEST__INIT;
	V1(Group) group = V1_INIT(GROUP);
	uint8_t link_key[KEY_SIZE], sign_pub[KEY_SIZE], sig[SIGNATURE_SIZE];
	int rc;

	group_link_key(link_key, group_info_of(g));
	group_signing_pub(sign_pub, group_info_of(g));
	rc = sign_link_key(r->node, g, link_key, sig, &r->err);
	if (rc == 0) {
		group.public_key = protobuf_bytes(slice_of(r->group_pk,
		    KEY_SIZE));
		group.sign_pub = protobuf_bytes(slice_of(sign_pub, KEY_SIZE));
		group.link_key = protobuf_bytes(slice_of(link_key, KEY_SIZE));
		group.link_key_sig = protobuf_bytes(slice_of(sig,
		    sizeof(sig)));
		request.group = &group;
		protobuf_encode(&r->body, &request);
		if (r->body.failed)
			rc = error_set(&r->err, ERR_INTERNAL, "out of memory");
	}
	crypto_wipe(link_key, sizeof(link_key));
	return (rc);
}

/* --- event 403 ------------------------------------------------------------ */

static struct slice
text_of(const struct buffer * b)
{
	return (b->n == 0 ? slice_of(NULL, 0) :
	    slice_text((const char *)b->p));
}

static void
durable(void * user, int status)
{
	struct registering * r = user;

	if (status != 0)
		(void)error_set(&r->err, -status,
		    "the server keeps the group, but that is not on disk: %s",
		    store_failure(node_store(r->node)));
	end(r, status == 0 ? NULL : &r->err);
}

static int
write_event(struct registering * r, struct node_group * g)
{
	struct group * group = node_group_of(g);
	struct buffer payload = {0};
	int rc;

	replicating_encode(&payload, group_device_pk(group),
	    text_of(&r->token.url), text_of(&r->token.endpoint),
	    buffer_all(&r->addresses));
	rc = payload.failed ? error_set(&r->err, ERR_INTERNAL,
	    "out of memory") : group_write_event(group,
	    EVENT_GROUP_REPLICATING, buffer_all(&payload), NULL, NULL,
	    &r->err);
	buffer_free(&payload);
	return (rc);
}

/* Members are told who keeps the group. */
static void
tell_members(struct registering * r)
{
	struct node_group * g = node_find(r->node,
	    slice_of(r->group_pk, KEY_SIZE));
	struct node_tx * tx;

	if (g == NULL) {
		(void)error_set(&r->err, ERR_INTERNAL, "the server keeps the "
		    "group, but it was closed here meanwhile");
		end(r, &r->err);
		return;
	}
	if (node_begin(r->node, &tx, &r->err) != 0) {
		end(r, &r->err);
		return;
	}
	node_touch(tx, g);
	if (write_event(r, g) != 0) {
		node_abort(tx);
		end(r, &r->err);
		return;
	}
	/* It is decided: who waits for it no more changes nothing. */
	r->call->on_cancelled = NULL;
	node_unwatch(r->node, &r->watcher);
	r->watcher.user = NULL;
	if (node_commit(tx, durable, r, &r->err) != 0)
		end(r, &r->err);
}

/* --- the server's answer -------------------------------------------------- */

static void
take_answer(struct registering * r)
{
	RPL(ReplicationServiceReplicateGroup__Reply) * reply;
	size_t i;

	reply = protobuf_decode(
	    &berty__replication__v1__replication_service_replicate_group__reply__descriptor,
	    buffer_all(&r->request.answer),
	    protobuf_cap(r->request.answer.n));
	if (reply == NULL)
		return;
	for (i = 0; i < reply->n_peer_addresses &&
	     i < REPLICATING_ADDRESSES_MAX; i++) {
		struct slice address =
		    protobuf_slice(reply->peer_addresses[i]);

		if (!multiaddr_valid(address))
			continue;
		buffer_uvarint(&r->addresses, address.n);
		buffer_slice(&r->addresses, address);
	}
	protobuf_free(reply);
}

/* It was registered before, and the event was lost to a crash. */
static bool
is_half_done(struct registering * r)
{
	struct node_group * g = node_find(r->node,
	    slice_of(r->group_pk, KEY_SIZE));
	const struct error * err = &r->request.err;

	return (g != NULL && err->n > 0 &&
	    err->code[err->n - 1] == ERR_DB_ENTRY_ALREADY_EXISTS &&
	    replicating_has(node_store(r->node),
	        group_scope(node_group_of(g)),
	        group_device_pk(node_group_of(g)),
	        text_of(&r->token.endpoint)) == 0);
}

static void
answered(struct web_request * request, int rc)
{
	struct registering * r = request->user;

	r->asking = false;
	if (rc == 0 && (request->status == 0 || is_half_done(r))) {
		take_answer(r);
		tell_members(r);
		return;
	}
	if (rc != 0)
		(void)error_set(&r->err, ERR_SERVICE_REPLICATION_SERVER, "%s",
		    request->err.text);
	else {
		r->err = request->err;
		(void)error_wrap(&r->err, ERR_SERVICE_REPLICATION_SERVER);
	}
	end(r, &r->err);
}

/* --- the call ------------------------------------------------------------- */

static void
cancelled(struct api_call * call)
{
	struct registering * r = call->data;

	(void)error_set(&r->err, ERR_SERVICE_REPLICATION_SERVER,
	    "nobody waits for the answer");
	end(r, &r->err);
}

static void
closed(void * user)
{
	struct registering * r = user;

	(void)error_set(&r->err, ERR_SERVICE_REPLICATION_SERVER,
	    "the node closes");
	r->watcher.user = NULL;
	end(r, &r->err);
}

static int
ask(struct registering * r, const struct network * network)
{
	if (node_web(r->node) == NULL)
		return (error_set(&r->err, ERR_SERVICE_REPLICATION_SERVER,
		    "this program asks no servers"));
	r->request = (struct web_request){
		.service = network->id == NETWORK_WESH ?
		    "weshnet.replication.v1.ReplicationService" :
		    "berty.replication.v1.ReplicationService",
		.call = "ReplicateGroup",
		.server = (const char *)r->token.endpoint.p,
		.bearer = (const char *)r->token.token.p,
		.insecure = node_services_insecure(r->node),
		.body = buffer_all(&r->body),
		.done = answered,
		.user = r,
	};
	if (web_send(node_web(r->node), &r->request) != 0)
		return (error_set(&r->err, ERR_SERVICE_REPLICATION_SERVER,
		    "%s", r->request.err.text));
	r->asking = true;
	r->call->on_cancelled = cancelled;
	r->watcher.closed = closed;
	r->watcher.user = r;
	node_watch(r->node, &r->watcher);
	return (0);
}

static int
begin(struct registering * r)
{
	const V1(ReplicationServiceRegisterGroup__Request) * request =
	    r->call->request;
	struct node_group * g;
	int rc;

	rc = v1_group(r->call, request->group_pk, ERR_INVALID_INPUT, &g,
	    &r->err);
	if (rc != 0)
		return (rc);
	memcpy(r->group_pk, group_info_of(node_group_of(g))->pk, KEY_SIZE);
	rc = account_service_token(node_account(r->node), request->token_id,
	    AUTH_REPLICATION, &r->token, &r->err);
	if (rc != 0)
		return (error_wrap(&r->err, ERR_INVALID_INPUT));
	if (text_of(&r->token.endpoint).n == 0)
		return (error_set(&r->err,
		    ERR_SERVICE_REPLICATION_MISSING_ENDPOINT,
		    "the token is for no replication server"));
	if ((rc = encode_request(r, node_group_of(g))) != 0)
		return (rc);
	return (ask(r, group_network(node_group_of(g))));
}

void
v1_replication_service_register_group(struct api_call * call)
{
	struct error none = {.n = 1, .code = {ERR_INTERNAL},
	    .text = "out of memory"};
	struct registering * r;

	if ((r = calloc(1, sizeof(*r))) == NULL) {
		api_fail(call, &none);
		return;
	}
	r->call = call;
	r->node = call->node;
	call->data = r;
	if (begin(r) != 0)
		end(r, &r->err);
}
