/* debug.c: what is in the node, for those who look inside. */
#include <stdlib.h>

#include "api/v1/v1.h"

/* --- DebugListGroups ------------------------------------------------------ */

static void
reply_group(struct api_call * call, const uint8_t * pk, enum group_type type,
    const uint8_t * contact_pk)
{
	V1(DebugListGroups__Reply) reply = V1_INIT(DEBUG_LIST_GROUPS__REPLY);

	reply.group_pk = protobuf_bytes(slice_of(pk, KEY_SIZE));
	reply.group_type = (V1(GroupType))type;
	if (contact_pk != NULL)
		reply.contact_pk =
		    protobuf_bytes(slice_of(contact_pk, KEY_SIZE));
	(void)call->transport->reply(call, &reply);
}

static int
list_contact(void * user, const struct contact * c)
{
	struct api_call * call = user;
	struct group_config config = {0};

	if (c->state == CONTACT_ADDED &&
	    account_contact_group_config(node_account(call->node), c->pk,
	        &config, NULL) == 0)
		reply_group(call, config.info.pk, GROUP_CONTACT, c->pk);
	crypto_wipe(&config, sizeof(config));
	return (0);
}

static int
list_group(void * user, const struct group_info * g,
    const struct network * network)
{
	(void)network;
	reply_group(user, g->pk, g->type, NULL);
	return (0);
}

void
v1_debug_list_groups(struct api_call * call)
{
	struct account * a = node_account(call->node);
	struct error err = {0};
	int rc;

	reply_group(call, group_info_of(account_group(a))->pk, GROUP_ACCOUNT,
	    NULL);
	if ((rc = account_each_contact(a, list_contact, call)) == 0)
		rc = account_each_group(a, list_group, call);
	if (rc != 0)
		(void)error_set(&err, -rc, "not all groups can be read");
	call->transport->finish(call, rc == 0 ? NULL : &err);
}

/* --- DebugGroup ----------------------------------------------------------- */

static bool
is_listed(const V1(DebugGroup__Reply) * reply, const char * id)
{
	size_t i;

	for (i = 0; i < reply->n_peer_ids; i++)
		if (strcmp(reply->peer_ids[i], id) == 0)
			return (true);
	return (false);
}

static int
compare_texts(const void * a, const void * b)
{
	const char * const * x = a;
	const char * const * y = b;

	return (strcmp(*x, *y));
}

void
v1_debug_group(struct api_call * call)
{
	static const enum feed_log logs[] = {FEED_METADATA, FEED_MESSAGES};
	const V1(DebugGroup__Request) * request = call->request;
	V1(DebugGroup__Reply) * reply;
	struct peer_id_text text;
	struct error err = {0};
	struct node_group * g;
	struct peer_id peer;
	size_t i, at;

	if (v1_group(call, request->group_pk, ERR_GROUP_MISSING, &g,
	    &err) != 0) {
		api_fail(call, &err);
		return;
	}
	reply = v1_new(call->method->reply);
	for (i = 0; reply != NULL && i < 2; i++)
		for (at = 0; node_group_peer(g, logs[i], &at, &peer);) {
			text = peer_id_show(&peer);
			if (!is_listed(reply, text.text))
				v1_add_text(&reply->peer_ids,
				    &reply->n_peer_ids, slice_text(text.text));
		}
	if (reply != NULL && reply->n_peer_ids > 0)
		qsort(reply->peer_ids, reply->n_peer_ids,
		    sizeof(*reply->peer_ids), compare_texts);
	v1_answer_built(call, reply);
}

/* --- DebugInspectGroupStore ----------------------------------------------- */

struct inspect {
	struct api_call * call;
	uint8_t group_pk[32];
	bool metadata;
	uint64_t next;            /* join number */
};

/* Whether it opened: then the event or the message has the item. */
static bool
fill_opened(V1(DebugInspectGroupStore__Reply) * reply, struct group * g,
    bool metadata, struct log_item * item, struct group_event * e,
    struct group_message * m)
{
	if (metadata && group_event_open(g, item, e) == 0) {
		reply->metadata_event_type = (V1(EventType))e->event.type;
		reply->payload = protobuf_bytes(e->event.payload);
		if (e->event.has_device)
			reply->device_pk = protobuf_bytes(
			    slice_of(e->event.device_pk, KEY_SIZE));
		return (true);
	}
	if (!metadata && group_message_open(g, item, m) == 0) {
		reply->payload = protobuf_bytes(m->message.plaintext);
		reply->device_pk = protobuf_bytes(
		    slice_of(m->headers.device_pk, KEY_SIZE));
		return (true);
	}
	return (false);
}

/* Takes the item over. */
static bool
reply_entry(struct inspect * in, struct group * g, struct log_item * item)
{
	V1(DebugInspectGroupStore__Reply) reply =
	    V1_INIT(DEBUG_INSPECT_GROUP_STORE__REPLY);
	struct group_event e = {0};
	struct group_message m = {0};
	struct cid cid = item->cid;
	ProtobufCBinaryData * parents;
	struct cid * next;
	size_t i, n = item->entry.n_next;
	bool full, opened;

	parents = calloc(n + 1, sizeof(*parents));
	next = calloc(n + 1, sizeof(*next));
	if (parents == NULL || next == NULL) {
		free(parents);
		free(next);
		log_item_free(item);
		return (true);
	}
	for (i = 0; i < n; i++) {
		next[i] = item->entry.next[i];
		parents[i] = protobuf_bytes(cid_slice(&next[i]));
	}
	reply.cid = protobuf_bytes(cid_slice(&cid));
	reply.n_parent_cids = n;
	reply.parent_cids = parents;
	opened = fill_opened(&reply, g, in->metadata, item, &e, &m);
	full = in->call->transport->reply(in->call, &reply);
	group_event_free(&e);
	group_message_free(&m);
	if (!opened)
		log_item_free(item);
	free(parents);
	free(next);
	return (full);
}

static void
inspect_end(struct inspect * in, int rc)
{
	struct api_call * call = in->call;
	struct error err = {0};

	free(in);
	if (rc != 0)
		(void)error_set(&err, -rc, "an entry cannot be read");
	call->transport->finish(call, rc == 0 ? NULL : &err);
}

static void
inspect_pump(struct api_call * call)
{
	struct inspect * in = call->data;
	struct node_group * g;
	struct log_item item = {0};
	struct log * log;
	bool full = false;
	int rc = 0;

	g = node_find(call->node, slice_of(in->group_pk, KEY_SIZE));
	while (g != NULL && !full) {
		log = in->metadata ? group_metadata_log(node_group_of(g))
		                   : group_message_log(node_group_of(g));
		if ((rc = log_at_join(log, in->next, &item)) != 0)
			break;
		in->next++;
		full = reply_entry(in, node_group_of(g), &item);
	}
	if (!full)
		inspect_end(in, rc == -ERR_NOT_FOUND ? 0 : rc);
}

static void
inspect_cancelled(struct api_call * call)
{
	inspect_end(call->data, 0);
}

void
v1_debug_inspect_group_store(struct api_call * call)
{
	const V1(DebugInspectGroupStore__Request) * request = call->request;
	struct error err = {0};
	struct node_group * g;
	struct inspect * in;

	if (request->log_type !=
	    BERTY__PROTOCOL__V1__DEBUG_INSPECT_GROUP_LOG_TYPE__DebugInspectGroupLogTypeMessage &&
	    request->log_type !=
	    BERTY__PROTOCOL__V1__DEBUG_INSPECT_GROUP_LOG_TYPE__DebugInspectGroupLogTypeMetadata) {
		(void)error_set(&err, ERR_INVALID_INPUT,
		    "log_type is neither the message nor the metadata log");
		goto err0;
	}
	if (v1_group(call, request->group_pk, ERR_INVALID_INPUT, &g, &err) != 0)
		goto err0;
	if ((in = calloc(1, sizeof(*in))) == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		goto err0;
	}
	in->call = call;
	in->next = 1;
	in->metadata = request->log_type ==
	    BERTY__PROTOCOL__V1__DEBUG_INSPECT_GROUP_LOG_TYPE__DebugInspectGroupLogTypeMetadata;
	memcpy(in->group_pk, request->group_pk.data, KEY_SIZE);
	call->data = in;
	call->on_writable = inspect_pump;
	call->on_cancelled = inspect_cancelled;
	inspect_pump(call);
	return;

err0:
	api_fail(call, &err);
}
