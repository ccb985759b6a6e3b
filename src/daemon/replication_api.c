#include "daemon/replication_api.h"

#include <stdlib.h>
#include <strings.h>

#include "base/reader.h"
#include "berty/replication/v1/bertyreplication.pb-c.h"
#include "codec/cid.h"
#include "codec/multibase.h"
#include "codec/protobuf.h"

#define RPL(name) Berty__Replication__V1__##name
#define RPL_INIT(name) BERTY__REPLICATION__V1__##name##__INIT

/* A call that waits for the replica. */
struct pending {
	struct api_call * call;
	struct replication_wait * wait;
};

void
replication_api_init(struct replication_api * api)
{
	struct buffer text = {0};

	base64_encode(&text, slice_of(api->verifier.public_key, KEY_SIZE));
	buffer_byte(&text, 0);
	if (!text.failed && text.n <= sizeof(api->issuer))
		memcpy(api->issuer, text.p, text.n);
	buffer_free(&text);
}

/* --- who calls ------------------------------------------------------------ */

static int
authorize(struct api_call * call, struct replica_token * token,
    struct error * err)
{
	static const char scheme[] = "bearer ";
	const struct replication_api * api = call->user;
	struct slice header = api_metadata(call, "authorization");
	size_t n = sizeof(scheme) - 1;

	*token = (struct replica_token){{0}, {0}};
	if (header.n <= n ||
	    strncasecmp((const char *)header.p, scheme, n) != 0)
		return (error_set(err, ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN,
		    "this server asks for a token of its issuer: "
		    "authorization: bearer TOKEN"));
	memcpy(token->issuer, api->issuer, sizeof(token->issuer));
	return (auth_token_verify(&api->verifier,
	    slice_of(header.p + n, header.n - n), AUTH_REPLICATION,
	    world_wall(api->world) / 1000000000, token->id, err));
}

static const struct network *
network_of(const struct api_call * call)
{
	return (network_get(strncmp(call->method->service, "weshnet.", 8) == 0
	    ? NETWORK_WESH : NETWORK_BERTY));
}

/* --- waiting -------------------------------------------------------------- */

static void
cancelled(struct api_call * call)
{
	struct pending * p = call->data;
	struct error err = {0};

	replication_server_forget(p->wait);
	free(p);
	(void)error_set(&err, ERR_SERVICE_REPLICATION,
	    "nobody waits for the answer");
	api_fail(call, &err);
}

/* Fail a call whose answer is not under way. */
static void
refuse(struct pending * p, const struct error * err)
{
	struct api_call * call = p->call;

	free(p);
	api_fail(call, err);
}

static struct pending *
wait_for(struct api_call * call)
{
	struct pending * p = calloc(1, sizeof(*p));
	struct error err = {0};

	if (p == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		api_fail(call, &err);
		return (NULL);
	}
	p->call = call;
	call->data = p;
	return (p);
}

/* --- ReplicateGroup ------------------------------------------------------- */

static void
answer_registered(struct api_call * call)
{
	const struct replication_api * api = call->user;
	RPL(ReplicationServiceReplicateGroup__Reply) reply =
	    RPL_INIT(REPLICATION_SERVICE_REPLICATE_GROUP__REPLY);
	ProtobufCBinaryData addresses[REPLICATION_ADDRESSES_MAX];
	struct buffer list = {0};
	struct reader r;
	size_t n = 0;

	replication_server_addresses(api->server, &list);
	r = reader_of(buffer_all(&list));
	while (r.n > 0 && !r.failed && n < REPLICATION_ADDRESSES_MAX)
		addresses[n++] = protobuf_bytes(reader_prefixed(&r,
		    MULTIADDR_MAX));
	reply.ok = true;
	reply.peer_addresses = addresses;
	reply.n_peer_addresses = list.failed || r.failed ? 0 : n;
	api_answer(call, &reply);
	buffer_free(&list);
}

static void
registered(void * user, int status, const struct error * err)
{
	struct pending * p = user;
	struct api_call * call = p->call;

	free(p);
	if (status == 0)
		answer_registered(call);
	else
		api_fail(call, err);
}

static void
replicate_group(struct api_call * call)
{
	const RPL(ReplicationServiceReplicateGroup__Request) * request =
	    call->request;
	const struct replication_api * api = call->user;
	struct replication_registration in = {.network = network_of(call)};
	struct replica_token token;
	struct error err = {0};
	struct pending * p;

	if (authorize(call, &token, &err) != 0) {
		api_fail(call, &err);
		return;
	}
	if (request->group != NULL) {
		in.public_key = protobuf_slice(request->group->public_key);
		in.sign_pub = protobuf_slice(request->group->sign_pub);
		in.link_key = protobuf_slice(request->group->link_key);
		in.link_key_sig = protobuf_slice(request->group->link_key_sig);
	}
	if ((p = wait_for(call)) == NULL)
		return;
	if (replication_server_register(api->server, &in, &token, registered,
	    p, &p->wait, &err) != 0)
		refuse(p, &err);
	else
		call->on_cancelled = cancelled;
}

/* --- statistics ----------------------------------------------------------- */

static void
answer_totals(struct api_call * call, const struct replica_request * r)
{
	const struct replication_api * api = call->user;
	RPL(ReplicateGlobalStats__Reply) reply =
	    RPL_INIT(REPLICATE_GLOBAL_STATS__REPLY);
	struct replication_status status;

	replication_server_status(api->server, &status);
	reply.started_at = status.started_at;
	reply.replicated_groups = (int64_t)r->all_groups;
	reply.total_metadata_entries = (int64_t)r->total[0];
	reply.total_message_entries = (int64_t)r->total[1];
	api_answer(call, &reply);
}

static void
head_text(struct buffer * out, const struct replica_cid * head)
{
	struct cid cid;

	if (head->n > 0 && cid_parse(&cid, slice_of(head->bytes,
	    head->n)) == 0)
		cid_encode(out, &cid);
	buffer_byte(out, 0);
}

/* Keys are left out: they are for members alone. */
static void
answer_group(struct api_call * call, const struct replica_group * g)
{
	RPL(ReplicateGroupStats__Reply) reply =
	    RPL_INIT(REPLICATE_GROUP_STATS__REPLY);
	RPL(ReplicatedGroup) group = RPL_INIT(REPLICATED_GROUP);
	struct buffer texts[3] = {{0}, {0}, {0}};
	struct error err = {0};
	size_t i;

	base64url_encode(&texts[0], slice_of(g->public_key, KEY_SIZE));
	buffer_byte(&texts[0], 0);
	head_text(&texts[1], &g->head[0]);
	head_text(&texts[2], &g->head[1]);
	group.public_key = (char *)texts[0].p;
	group.metadata_latest_head = (char *)texts[1].p;
	group.message_latest_head = (char *)texts[2].p;
	group.created_at = g->created_at * 1000000;
	group.updated_at = g->updated_at * 1000000;
	group.metadata_entries_count = (int64_t)g->entries[0];
	group.message_entries_count = (int64_t)g->entries[1];
	reply.group = &group;
	if (texts[0].failed || texts[1].failed || texts[2].failed) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		api_fail(call, &err);
	} else {
		api_answer(call, &reply);
	}
	for (i = 0; i < 3; i++)
		buffer_free(&texts[i]);
}

static void
found(void * user, int status, const struct replica_request * r)
{
	struct pending * p = user;
	struct api_call * call = p->call;

	free(p);
	if (status != 0)
		api_fail(call, &r->err);
	else if (r->n_groups > 0)
		answer_group(call, &r->groups[0]);
	else
		answer_totals(call, r);
}

static void
ask_stats(struct api_call * call, struct slice public_key)
{
	const struct replication_api * api = call->user;
	struct replica_token token;
	struct error err = {0};
	struct pending * p;

	if (authorize(call, &token, &err) != 0) {
		api_fail(call, &err);
		return;
	}
	if ((p = wait_for(call)) == NULL)
		return;
	if (replication_server_stats(api->server, public_key, &token, found, p,
	    &p->wait, &err) != 0)
		refuse(p, &err);
	else
		call->on_cancelled = cancelled;
}

static void
global_stats(struct api_call * call)
{
	ask_stats(call, slice_of(NULL, 0));
}

static void
group_stats(struct api_call * call)
{
	const RPL(ReplicateGroupStats__Request) * request = call->request;
	static const uint8_t none[1];
	struct buffer key = {0};

	/* What is no key names no group. */
	if (base64url_decode(&key, slice_text(request->group_public_key)) != 0
	    || key.n != KEY_SIZE)
		ask_stats(call, slice_of(none, sizeof(none)));
	else
		ask_stats(call, buffer_all(&key));
	buffer_free(&key);
}

/* --- tables --------------------------------------------------------------- */

/* Both packages have the same messages; what differs is who is asked for. */
#define METHODS(service) { \
	{service, "ReplicateGroup", \
	 &berty__replication__v1__replication_service_replicate_group__request__descriptor, \
	 &berty__replication__v1__replication_service_replicate_group__reply__descriptor, \
	 false, false, replicate_group}, \
	{service, "ReplicateGlobalStats", \
	 &berty__replication__v1__replicate_global_stats__request__descriptor, \
	 &berty__replication__v1__replicate_global_stats__reply__descriptor, \
	 false, false, global_stats}, \
	{service, "ReplicateGroupStats", \
	 &berty__replication__v1__replicate_group_stats__request__descriptor, \
	 &berty__replication__v1__replicate_group_stats__reply__descriptor, \
	 false, false, group_stats}, \
}

static const struct api_method berty_methods[] =
    METHODS("berty.replication.v1.ReplicationService");
static const struct api_method wesh_methods[] =
    METHODS("weshnet.replication.v1.ReplicationService");

const struct api_service replication_api_services[REPLICATION_API_SERVICES] = {
	{.methods = berty_methods, .n = 3, .own_access = true},
	{.methods = wesh_methods, .n = 3, .own_access = true},
};
