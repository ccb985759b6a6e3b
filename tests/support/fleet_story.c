/* fleet_story.c: what users do. */
#include <stdlib.h>

#include "support/fleet_impl.h"

/* Long enough for anything that works, ms. */
enum { PATIENCE_MS = 120000 };

/* --- contacts ------------------------------------------------------------- */

enum contact_state
fleet_contact(struct fleet * f, size_t i, size_t of)
{
	struct contact c = {0};
	enum contact_state state = CONTACT_UNDEFINED;

	if (f->nodes[i].node == NULL)
		return (CONTACT_UNDEFINED);
	if (account_contact(node_account(f->nodes[i].node),
	    f->nodes[of].account, &c) == 0) {
		state = c.state;
		contact_free(&c);
	}
	return (state);
}

struct contact_wait {
	struct fleet * f;
	size_t i, of;
	enum contact_state state;
};

static bool
has_state(void * user)
{
	struct contact_wait * w = user;

	return (!sim_alive(w->f->nodes[w->i].w) ||
	    !sim_alive(w->f->nodes[w->of].w) ||
	    fleet_contact(w->f, w->i, w->of) == w->state);
}

bool
fleet_wait_contact(struct fleet * f, size_t i, size_t of,
    enum contact_state state, uint64_t max_ms)
{
	struct contact_wait w = {f, i, of, state};

	return (sim_run_until(f->sim, has_state, &w, max_ms) &&
	    fleet_contact(f, i, of) == state);
}

void
fleet_enable(struct fleet * f, size_t i, uint8_t seed[32])
{
	API(ContactRequestEnable__Request) request =
	    API_INIT(CONTACT_REQUEST_ENABLE__REQUEST);
	const API(ContactRequestEnable__Reply) * reply;
	struct fleet_call * call;

	call = fleet_ask(f, i, "ContactRequestEnable", &request);
	reply = call->replies[0];
	assert_int_equal(reply->public_rendezvous_seed.len, 32);
	memcpy(seed, reply->public_rendezvous_seed.data, 32);
	fleet_end(call);
}

struct fleet_call *
fleet_begin_request(struct fleet * f, size_t a, size_t b,
    const uint8_t seed[32])
{
	API(ContactRequestSend__Request) request =
	    API_INIT(CONTACT_REQUEST_SEND__REQUEST);
	API(ShareableContact) contact = API_INIT(SHAREABLE_CONTACT);

	contact.pk = key_bytes(f->nodes[b].account);
	contact.public_rendezvous_seed = key_bytes(seed);
	request.contact = &contact;
	request.own_metadata = protobuf_bytes(slice_text("it is me"));
	return (fleet_begin(f, a, "ContactRequestSend", &request));
}

struct fleet_call *
fleet_begin_accept(struct fleet * f, size_t i, size_t of)
{
	API(ContactRequestAccept__Request) request =
	    API_INIT(CONTACT_REQUEST_ACCEPT__REQUEST);

	request.contact_pk = key_bytes(f->nodes[of].account);
	return (fleet_begin(f, i, "ContactRequestAccept", &request));
}

bool
fleet_contact_group(struct fleet * f, size_t i, size_t of,
    uint8_t group_pk[32])
{
	struct group_config config = {0};

	if (account_contact_group_config(node_account(f->nodes[i].node),
	    f->nodes[of].account, &config, NULL) != 0)
		return (false);
	memcpy(group_pk, config.info.pk, 32);
	crypto_wipe(&config, sizeof(config));
	return (true);
}

bool
fleet_is_open(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	return (fleet_group(f, i, group_pk) != NULL);
}

struct group_wait {
	struct fleet * f;
	size_t i;
	const uint8_t * group_pk;
	uint64_t n;
};

static bool
group_is_open(void * user)
{
	struct group_wait * w = user;

	return (fleet_is_open(w->f, w->i, w->group_pk));
}

static void
activate(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	API(ActivateGroup__Request) request = API_INIT(ACTIVATE_GROUP__REQUEST);
	struct group_wait w = {f, i, group_pk, 0};

	request.group_pk = key_bytes(group_pk);
	if (f->config.by_hand)
		fleet_tell(f, i, "ActivateGroup", &request);
	sim_assert(f->sim, sim_run_until(f->sim, group_is_open, &w,
	    PATIENCE_MS));
}

void
fleet_befriend(struct fleet * f, size_t a, size_t b)
{
	struct fleet_call * call;
	uint8_t seed[32], group_pk[32];

	fleet_enable(f, b, seed);
	call = fleet_begin_request(f, a, b, seed);
	fleet_must(f, a, call);
	fleet_end(call);
	sim_assert(f->sim, fleet_wait_contact(f, b, a, CONTACT_RECEIVED,
	    PATIENCE_MS));
	call = fleet_begin_accept(f, b, a);
	fleet_must(f, b, call);
	fleet_end(call);
	sim_assert(f->sim, fleet_contact(f, b, a) == CONTACT_ADDED);
	sim_assert(f->sim, fleet_wait_contact(f, a, b, CONTACT_ADDED,
	    PATIENCE_MS));
	sim_assert(f->sim, fleet_contact_group(f, a, b, group_pk));
	activate(f, a, group_pk);
	activate(f, b, group_pk);
}

/* --- groups --------------------------------------------------------------- */

void
fleet_create_group(struct fleet * f, size_t i, uint8_t group_pk[32])
{
	API(MultiMemberGroupCreate__Request) request =
	    API_INIT(MULTI_MEMBER_GROUP_CREATE__REQUEST);
	const API(MultiMemberGroupCreate__Reply) * reply;
	struct fleet_call * call;

	call = fleet_ask(f, i, "MultiMemberGroupCreate", &request);
	reply = call->replies[0];
	assert_int_equal(reply->group_pk.len, 32);
	memcpy(group_pk, reply->group_pk.data, 32);
	fleet_end(call);
}

void
fleet_join(struct fleet * f, size_t who, size_t host,
    const uint8_t group_pk[32])
{
	API(MultiMemberGroupInvitationCreate__Request) ask =
	    API_INIT(MULTI_MEMBER_GROUP_INVITATION_CREATE__REQUEST);
	API(MultiMemberGroupJoin__Request) join =
	    API_INIT(MULTI_MEMBER_GROUP_JOIN__REQUEST);
	const API(MultiMemberGroupInvitationCreate__Reply) * invitation;
	struct fleet_call * call;

	ask.group_pk = key_bytes(group_pk);
	call = fleet_ask(f, host, "MultiMemberGroupInvitationCreate", &ask);
	invitation = call->replies[0];
	join.group = invitation->group;
	fleet_tell(f, who, "MultiMemberGroupJoin", &join);
	fleet_end(call);
	activate(f, who, group_pk);
}

void
fleet_mute_metadata(struct fleet * f, size_t i, const uint8_t group_pk[32],
    bool mute)
{
	struct node_group * g =
	    node_find(f->nodes[i].node, slice_of(group_pk, 32));

	assert_non_null(g);
	if (!mute) {
		node_group_connect(g);
		return;
	}
	assert_non_null(g->synced[FEED_METADATA]);
	sync_remove(g->synced[FEED_METADATA]);
	g->synced[FEED_METADATA] = NULL;
}

static int
count_device(void * user, const uint8_t member_pk[32],
    const uint8_t device_pk[32])
{
	(void)member_pk;
	(void)device_pk;
	++*(size_t *)user;
	return (0);
}

size_t
fleet_devices(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	struct group * g = fleet_group(f, i, group_pk);
	size_t n = 0;

	if (g != NULL)
		assert_int_equal(group_each_device(g, count_device, &n), 0);
	return (n);
}

static bool
has_devices(void * user)
{
	struct group_wait * w = user;

	return (fleet_devices(w->f, w->i, w->group_pk) >= w->n);
}

bool
fleet_wait_devices(struct fleet * f, size_t i, const uint8_t group_pk[32],
    size_t n, uint64_t max_ms)
{
	struct group_wait w = {f, i, group_pk, n};

	return (sim_run_until(f->sim, has_devices, &w, max_ms));
}

void
fleet_gather(struct fleet * f, uint8_t group_pk[32])
{
	size_t i;

	fleet_create_group(f, 0, group_pk);
	for (i = 1; i < f->n; i++)
		fleet_join(f, i, 0, group_pk);
	for (i = 0; i < f->n; i++)
		sim_assert(f->sim, fleet_wait_devices(f, i, group_pk, f->n,
		    PATIENCE_MS));
	/* Keys follow the devices. */
	sim_run_for(f->sim, 5000);
	sim_assert(f->sim, fleet_wait_equal(f, group_pk, PATIENCE_MS));
}

/* --- messages ------------------------------------------------------------- */

struct fleet_call *
fleet_begin_send(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const char * text)
{
	API(AppMessageSend__Request) request =
	    API_INIT(APP_MESSAGE_SEND__REQUEST);

	request.group_pk = key_bytes(group_pk);
	request.payload = protobuf_bytes(slice_text(text));
	return (fleet_begin(f, i, "AppMessageSend", &request));
}

void
fleet_send(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const char * text)
{
	struct fleet_call * call = fleet_begin_send(f, i, group_pk, text);

	fleet_must(f, i, call);
	fleet_end(call);
}

void
fleet_send_many(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const char * who, unsigned from, unsigned n)
{
	struct fleet_call * calls[16] = {NULL};
	unsigned at, k;
	char text[64];

	for (at = 0; at < n + 16; at++) {
		k = at % 16;
		if (calls[k] != NULL) {
			fleet_must(f, i, calls[k]);
			fleet_end(calls[k]);
			calls[k] = NULL;
		}
		if (at >= n)
			continue;
		(void)snprintf(text, sizeof(text), "%s %u", who, from + at);
		calls[k] = fleet_begin_send(f, i, group_pk, text);
	}
}

void
fleet_send_metadata(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const char * text)
{
	API(AppMetadataSend__Request) request =
	    API_INIT(APP_METADATA_SEND__REQUEST);

	request.group_pk = key_bytes(group_pk);
	request.payload = protobuf_bytes(slice_text(text));
	fleet_tell(f, i, "AppMetadataSend", &request);
}

uint64_t
fleet_count(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	struct node_group * g = f->nodes[i].node == NULL ? NULL :
	    node_find(f->nodes[i].node, slice_of(group_pk, 32));

	return (g == NULL ? 0 : g->visible[FEED_MESSAGES]);
}

static bool
has_count(void * user)
{
	struct group_wait * w = user;

	return (!sim_alive(w->f->nodes[w->i].w) ||
	    fleet_count(w->f, w->i, w->group_pk) >= w->n);
}

bool
fleet_wait_count(struct fleet * f, size_t i, const uint8_t group_pk[32],
    uint64_t n, uint64_t max_ms)
{
	struct group_wait w = {f, i, group_pk, n};

	return (sim_run_until(f->sim, has_count, &w, max_ms) &&
	    fleet_count(f, i, group_pk) >= n);
}

bool
fleet_has(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const char * text)
{
	struct group * g = fleet_group(f, i, group_pk);
	struct group_message m = {0};
	uint64_t at, n = fleet_count(f, i, group_pk);
	bool found = false;

	for (at = 1; at <= n && !found; at++)
		if (group_message_at(g, at, &m) == 0) {
			found = slice_equal(m.message.plaintext,
			    slice_text(text));
			group_message_free(&m);
		}
	return (found);
}
