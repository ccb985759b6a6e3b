/* Messages that come by push before the log has them. */
#include "group/push.h"
#include "node/node_push.h"
#include "node/push_file.h"
#include "support/fake_relay.h"
#include "support/fleet.h"

#include <stdlib.h>

enum { SOON_MS = 300000, MOST_WRITES = 400 };

static const struct fleet_config two = {.n = 2, .web = true};
static const struct fleet_config three = {.n = 3, .web = true};

#define RELAY "relay.example:443"

/* --- what is done again and again ----------------------------------------- */

/* Node 0 writes and pushes to node 1, by relay; the CID is kept. */
static void
gather(struct fleet * f, struct fake_relay * r, uint64_t seed,
    const struct fleet_config * config, uint8_t group_pk[32])
{
	fleet_start(f, seed, config);
	fake_relay_open(r, f, 7, RELAY);
	fleet_gather(f, group_pk);
}

static void
island(struct fleet * f, size_t i)
{
	struct world * nodes[1] = {f->nodes[i].w};

	sim_partition(f->sim, nodes, 1);
}

static struct cid
write_text(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const char * text)
{
	struct fleet_call * call = fleet_begin_send(f, i, group_pk, text);
	const API(AppMessageSend__Reply) * reply;
	struct cid cid;

	fleet_must(f, i, call);
	reply = call->replies[0];
	assert_int_equal(cid_parse(&cid, protobuf_slice(reply->cid)), 0);
	fleet_end(call);
	return (cid);
}

static struct fleet_call *
begin_push(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const struct cid * cid, API(MemberWithDevices) ** members, size_t n)
{
	API(PushSend__Request) request = API_INIT(PUSH_SEND__REQUEST);

	request.cid = protobuf_bytes(cid_slice(cid));
	request.group_public_key = protobuf_bytes(slice_of(group_pk, 32));
	request.group_members = members;
	request.n_group_members = n;
	return (fleet_begin(f, i, "PushSend", &request));
}

/* Push a message to everybody; how many devices were addressed. */
static size_t
push_all(struct fleet * f, size_t i, const uint8_t group_pk[32],
    const struct cid * cid)
{
	struct fleet_call * call = begin_push(f, i, group_pk, cid, NULL, 0);
	const API(PushSend__Reply) * reply;
	size_t j, n = 0;

	fleet_must(f, i, call);
	reply = call->replies[0];
	sim_assert(f->sim, reply->n_failures == 0);
	for (j = 0; j < reply->n_group_members; j++)
		n += reply->group_members[j]->n_devices_pks;
	fleet_end(call);
	return (n);
}

static struct fleet_call *
begin_receive(struct fleet * f, size_t i, struct slice payload)
{
	API(PushReceive__Request) request = API_INIT(PUSH_RECEIVE__REQUEST);

	request.payload = protobuf_bytes(payload);
	return (fleet_begin(f, i, "PushReceive", &request));
}

/* It opens, and says what was sent. */
static void
receive(struct fleet * f, size_t i, const struct fake_push * push,
    const uint8_t group_pk[32], const char * text, bool already)
{
	struct fleet_call * call =
	    begin_receive(f, i, buffer_all(&push->payload));
	const API(PushReceive__Reply) * reply;
	API(EncryptedMessage) * clear;

	fleet_must(f, i, call);
	reply = call->replies[0];
	assert_memory_equal(reply->group_public_key.data, group_pk, 32);
	sim_assert(f->sim, reply->already_received == already);
	clear = protobuf_decode(
	    &berty__protocol__v1__encrypted_message__descriptor,
	    protobuf_slice(reply->cleartext), 1 << 20);
	assert_non_null(clear);
	assert_true(slice_equal(protobuf_slice(clear->plaintext),
	    slice_text(text)));
	protobuf_free(clear);
	fleet_end(call);
}

static void
expect_codes(struct fleet * f, struct fleet_call * call, size_t i, int first,
    int last)
{
	sim_assert(f->sim, !fleet_wait(f, i, call));
	assert_true(call->err.n > 0);
	assert_int_equal(call->err.code[0], first);
	assert_int_equal(call->err.code[call->err.n - 1], last);
	fleet_end(call);
}

/* --- the story ------------------------------------------------------------ */

static void
a_pushed_message_is_read_before_the_log_has_it_and_listed_once(void ** state)
{
	struct fake_relay r;
	struct fleet f;
	uint8_t group_pk[32];
	struct cid cid;

	(void)state;
	gather(&f, &r, 1, &two, group_pk);
	fake_relay_register(&r, &f, 1, "one");
	fake_relay_share(&r, &f, 1, "one", group_pk);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	island(&f, 1);
	cid = write_text(&f, 0, group_pk, "wake up");
	sim_assert(f.sim, push_all(&f, 0, group_pk, &cid) == 1);
	sim_assert(f.sim, r.asked == 1 && r.n == 1);
	assert_string_equal(r.pushes[0].token, "one");
	sim_assert(f.sim, fleet_count(&f, 1, group_pk) == 0);
	receive(&f, 1, &r.pushes[0], group_pk, "wake up", false);
	/* Looking at it changes nothing. */
	receive(&f, 1, &r.pushes[0], group_pk, "wake up", false);
	sim_assert(f.sim, fleet_count(&f, 1, group_pk) == 0);
	sim_heal(f.sim);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	sim_run_for(f.sim, 5000);
	sim_assert(f.sim, fleet_count(&f, 1, group_pk) == 1);
	receive(&f, 1, &r.pushes[0], group_pk, "wake up", true);
	fleet_check_lists(&f, 1, group_pk, true);
	fake_relay_close(&r);
	fleet_stop(&f);
}

static void
pushes_out_of_order_and_far_ahead_are_read(void ** state)
{
	struct fake_relay r;
	struct fleet f;
	uint8_t group_pk[32];
	struct cid cids[3];

	(void)state;
	gather(&f, &r, 2, &two, group_pk);
	fake_relay_register(&r, &f, 1, "one");
	fake_relay_share(&r, &f, 1, "one", group_pk);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	island(&f, 1);
	cids[0] = write_text(&f, 0, group_pk, "first");
	fleet_send_many(&f, 0, group_pk, "between", 0, 300);
	cids[1] = write_text(&f, 0, group_pk, "second");
	cids[2] = write_text(&f, 0, group_pk, "third");
	push_all(&f, 0, group_pk, &cids[2]);
	push_all(&f, 0, group_pk, &cids[0]);
	push_all(&f, 0, group_pk, &cids[1]);
	receive(&f, 1, &r.pushes[0], group_pk, "third", false);
	receive(&f, 1, &r.pushes[1], group_pk, "first", false);
	receive(&f, 1, &r.pushes[2], group_pk, "second", false);
	sim_heal(f.sim);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 303, SOON_MS));
	fleet_check_same_messages(&f, group_pk);
	receive(&f, 1, &r.pushes[1], group_pk, "first", true);
	fake_relay_close(&r);
	fleet_stop(&f);
}

static void
a_push_of_a_group_that_is_closed_is_read(void ** state)
{
	API(DeactivateGroup__Request) shut =
	    API_INIT(DEACTIVATE_GROUP__REQUEST);
	struct fake_relay r;
	struct fleet f;
	uint8_t group_pk[32];
	struct cid cids[2];

	(void)state;
	gather(&f, &r, 3, &two, group_pk);
	fake_relay_register(&r, &f, 1, "one");
	fake_relay_share(&r, &f, 1, "one", group_pk);
	cids[0] = write_text(&f, 0, group_pk, "while it is open");
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	shut.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	fleet_tell(&f, 1, "DeactivateGroup", &shut);
	sim_assert(f.sim, !fleet_is_open(&f, 1, group_pk));
	cids[1] = write_text(&f, 0, group_pk, "while it is closed");
	push_all(&f, 0, group_pk, &cids[0]);
	push_all(&f, 0, group_pk, &cids[1]);
	receive(&f, 1, &r.pushes[0], group_pk, "while it is open", true);
	receive(&f, 1, &r.pushes[1], group_pk, "while it is closed", false);
	sim_assert(f.sim, !fleet_is_open(&f, 1, group_pk));
	fake_relay_close(&r);
	fleet_stop(&f);
}

static void
a_relay_that_a_group_was_told_of_is_understood_unregistered(void ** state)
{
	struct fake_relay r, other;
	struct fleet f;
	uint8_t group_pk[32];
	struct cid cid;

	(void)state;
	gather(&f, &r, 4, &two, group_pk);
	fake_relay_open(&other, &f, 8, "other.example:443");
	/* The first relay is replaced, and yet pushes what is on its way. */
	fake_relay_register(&r, &f, 1, "old");
	fake_relay_share(&r, &f, 1, "old", group_pk);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	cid = write_text(&f, 0, group_pk, "by the old one");
	push_all(&f, 0, group_pk, &cid);
	fake_relay_register(&other, &f, 1, "new");
	fake_relay_share(&other, &f, 1, "new", group_pk);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	push_all(&f, 0, group_pk, &cid);
	sim_assert(f.sim, r.n == 1 && other.n == 1);
	receive(&f, 1, &r.pushes[0], group_pk, "by the old one", true);
	receive(&f, 1, &other.pushes[0], group_pk, "by the old one", true);
	fleet_close(&f, 1);
	fleet_open(&f, 1);
	sim_run_for(f.sim, 2000);
	receive(&f, 1, &r.pushes[0], group_pk, "by the old one", true);
	fake_relay_close(&r);
	fake_relay_close(&other);
	fleet_stop(&f);
}

/* --- whom ----------------------------------------------------------------- */

static void
members(struct fleet * f, size_t i, const uint8_t group_pk[32],
    API(MemberWithDevices) * m, ProtobufCBinaryData * device, uint8_t keys[64])
{
	struct node_group * g =
	    node_find(f->nodes[i].node, slice_of(group_pk, 32));

	memcpy(keys, group_member_pk(node_group_of(g)), 32);
	memcpy(keys + 32, group_device_pk(node_group_of(g)), 32);
	*m = (API(MemberWithDevices))API_INIT(MEMBER_WITH_DEVICES);
	m->member_pk = protobuf_bytes(slice_of(keys, 32));
	*device = protobuf_bytes(slice_of(keys + 32, 32));
	m->devices_pks = device;
	m->n_devices_pks = 1;
}

static void
only_those_who_are_named_are_pushed_to(void ** state)
{
	API(MemberWithDevices) m[2];
	API(MemberWithDevices) * list[2] = {&m[0], &m[1]};
	ProtobufCBinaryData devices[2];
	const API(PushSend__Reply) * reply;
	uint8_t keys[2][64];
	struct fleet_call * call;
	struct fake_relay r;
	struct fleet f;
	uint8_t group_pk[32];
	struct cid cid;

	(void)state;
	gather(&f, &r, 5, &three, group_pk);
	fake_relay_share(&r, &f, 1, "one", group_pk);
	fake_relay_share(&r, &f, 2, "two", group_pk);
	fake_relay_share(&r, &f, 0, "own", group_pk);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	cid = write_text(&f, 0, group_pk, "to some");
	members(&f, 1, group_pk, &m[0], &devices[0], keys[0]);
	members(&f, 2, group_pk, &m[1], &devices[1], keys[1]);
	/* A device by its key. */
	call = begin_push(&f, 0, group_pk, &cid, list, 1);
	fleet_must(&f, 0, call);
	reply = call->replies[0];
	assert_int_equal(reply->n_group_members, 1);
	assert_memory_equal(reply->group_members[0]->member_pk.data, keys[0],
	    32);
	assert_memory_equal(reply->group_members[0]->devices_pks[0].data,
	    keys[0] + 32, 32);
	fleet_end(call);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.pushes[0].token, "one");
	/* A member with all devices; a device that is another member's. */
	m[0].n_devices_pks = 0;
	devices[1] = devices[0];
	call = begin_push(&f, 0, group_pk, &cid, list, 2);
	fleet_must(&f, 0, call);
	fleet_end(call);
	assert_int_equal(r.n, 2);
	assert_string_equal(r.pushes[1].token, "one");
	/* All others, and not the sender. */
	assert_int_equal(push_all(&f, 0, group_pk, &cid), 2);
	assert_int_equal(r.n, 4);
	assert_int_equal(r.asked, 3);
	/* Nobody of that key. */
	keys[0][0] ^= 1;
	m[0].member_pk = protobuf_bytes(slice_of(f.nodes[1].account, 32));
	expect_codes(&f, begin_push(&f, 0, group_pk, &cid, list, 1), 0,
	    ERR_INTERNAL, ERR_NOT_FOUND);
	m[0].member_pk.len = 31;
	expect_codes(&f, begin_push(&f, 0, group_pk, &cid, list, 1), 0,
	    ERR_INTERNAL, ERR_DESERIALIZATION);
	fake_relay_close(&r);
	fleet_stop(&f);
}

static void
the_newest_token_of_a_device_counts(void ** state)
{
	struct fake_relay r;
	struct fleet f;
	uint8_t group_pk[32];
	struct cid cid;

	(void)state;
	gather(&f, &r, 6, &three, group_pk);
	fake_relay_share(&r, &f, 1, "older", group_pk);
	island(&f, 2);
	fake_relay_share(&r, &f, 1, "newer", group_pk);
	sim_heal(f.sim);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	cid = write_text(&f, 2, group_pk, "to the newer");
	push_all(&f, 2, group_pk, &cid);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.pushes[0].token, "newer");
	fake_relay_close(&r);
	fleet_stop(&f);
}

/* Others' relays are not asked in the own network: only who set it may mean a
 * relay there. */
static void
a_relay_that_only_others_named_is_a_stranger(void ** state)
{
	struct fleet f;
	struct fake_relay r;
	uint8_t group_pk[32];
	struct cid cid;

	(void)state;
	fleet_start(&f, 18, &two);
	fleet_gather(&f, group_pk);
	fake_relay_open(&r, &f, 1, "relay.example:1");
	fake_relay_register(&r, &f, 1, "one");
	fake_relay_share(&r, &f, 1, "one", group_pk);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	cid = write_text(&f, 0, group_pk, "hello");
	assert_int_equal(push_all(&f, 0, group_pk, &cid), 1);
	assert_true(r.stranger);
	fake_relay_register(&r, &f, 0, "two");
	assert_int_equal(push_all(&f, 0, group_pk, &cid), 1);
	assert_false(r.stranger);
	fake_relay_close(&r);
	fleet_stop(&f);
}

/* A token of a device that nobody made, by one of many relays. */
static void
put_token(struct fleet * f, uint64_t scope, unsigned number, unsigned relay,
    uint8_t device_pk[32])
{
	struct metadata_event e = {.type = EVENT_PUSH_MEMBER_TOKEN_UPDATE,
	    .has_device = true};
	struct event_place place = {.time = 1, .cid.n = 36};
	struct buffer payload = {0};
	uint8_t key[32] = {1};
	char address[32];
	int n = snprintf(address, sizeof(address), "relay%04u:1", relay);

	memcpy(place.cid.bytes, "\x01\x71\x12\x20", 4);
	memset(device_pk, 0, 32);
	device_pk[0] = (uint8_t)number;
	device_pk[1] = (uint8_t)(number >> 8);
	memcpy(e.device_pk, device_pk, 32);
	buffer_byte(&payload, 0x0a);
	buffer_byte(&payload, (uint8_t)(36 + n));
	buffer_append(&payload, "\x0a\x20", 2);
	buffer_append(&payload, key, sizeof(key));
	buffer_byte(&payload, 0x12);
	buffer_byte(&payload, (uint8_t)n);
	buffer_append(&payload, address, (size_t)n);
	buffer_append(&payload, "\x12\x01t", 3);
	e.payload = buffer_all(&payload);
	assert_int_equal(push_store_fold(node_store(f->nodes[0].node), scope,
	    &e, &place), 0);
	buffer_free(&payload);
}

static void
so_many_relays_and_devices_are_asked_and_no_more(void ** state)
{
	struct node_push_send * send;
	struct node_group * g;
	uint8_t device_pk[32];
	struct fleet f;
	struct store * store;
	uint64_t scope;
	unsigned i;

	(void)state;
	fleet_start(&f, 16, &two);
	g = node_account_group(f.nodes[0].node);
	store = node_store(f.nodes[0].node);
	scope = group_scope(node_group_of(g));
	send = node_push_send_new(f.nodes[0].node);
	assert_int_equal(store_begin(store), 0);
	for (i = 0; i <= PUSH_DEVICES_MAX; i++) {
		put_token(&f, scope, i, i < PUSH_RELAYS_MAX ? i : 0,
		    device_pk);
		assert_int_equal(node_push_send_add(send, g, device_pk,
		    device_pk), 0);
		assert_int_equal(send->left_out, (i >= PUSH_RELAYS_MAX) +
		    (i >= PUSH_DEVICES_MAX));
		if (i != PUSH_RELAYS_MAX - 1)
			continue;
		put_token(&f, scope, 60000, PUSH_RELAYS_MAX, device_pk);
		assert_int_equal(node_push_send_add(send, g, device_pk,
		    device_pk), 0);
	}
	assert_int_equal(send->n_relays, PUSH_RELAYS_MAX);
	assert_int_equal(send->n_devices, PUSH_DEVICES_MAX);
	store_rollback(store);
	node_push_send_free(send);
	fleet_stop(&f);
}

static void
a_member_who_names_many_relays_keeps_nobody_out(void ** state)
{
	static const uint8_t hostile[32] = {1}, other[32] = {2};
	struct node_push_send * send;
	struct node_group * g;
	uint8_t device_pk[32];
	struct fleet f;
	struct store * store;
	uint64_t scope;
	unsigned i;

	(void)state;
	fleet_start(&f, 17, &two);
	g = node_account_group(f.nodes[0].node);
	store = node_store(f.nodes[0].node);
	scope = group_scope(node_group_of(g));
	send = node_push_send_new(f.nodes[0].node);
	assert_int_equal(store_begin(store), 0);
	for (i = 0; i < 2 * PUSH_RELAYS_MAX; i++) {
		put_token(&f, scope, i, i, device_pk);
		assert_int_equal(node_push_send_add(send, g, hostile,
		    device_pk), 0);
	}
	assert_int_equal(send->n_relays, PUSH_MEMBER_MAX);
	assert_int_equal(send->left_out, 2 * PUSH_RELAYS_MAX -
	    PUSH_MEMBER_MAX);
	put_token(&f, scope, 60000, 60000, device_pk);
	assert_int_equal(node_push_send_add(send, g, other, device_pk), 0);
	assert_int_equal(send->n_relays, PUSH_MEMBER_MAX + 1);
	store_rollback(store);
	node_push_send_free(send);
	fleet_stop(&f);
}

/* --- what goes wrong ------------------------------------------------------ */

static void
a_relay_that_fails_is_named_in_the_reply_and_others_are_asked(void ** state)
{
	struct fake_relay r, other;
	const API(PushSend__Reply) * reply;
	struct fleet_call * call;
	struct fleet f;
	uint8_t group_pk[32];
	struct cid cid;

	(void)state;
	gather(&f, &r, 7, &three, group_pk);
	fake_relay_open(&other, &f, 8, "other.example:443");
	fake_relay_share(&r, &f, 1, "one", group_pk);
	fake_relay_share(&other, &f, 2, "two", group_pk);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	cid = write_text(&f, 0, group_pk, "to both");
	r.refuses = true;
	call = begin_push(&f, 0, group_pk, &cid, NULL, 0);
	fleet_must(&f, 0, call);
	reply = call->replies[0];
	assert_int_equal(reply->n_group_members, 2);
	assert_int_equal(reply->n_failures, 1);
	assert_string_equal(reply->failures[0]->service_addr, RELAY);
	assert_int_equal(reply->failures[0]->n_devices_pks, 1);
	assert_int_equal(reply->failures[0]->codes[0], ERR_PUSH_PROVIDER);
	assert_int_equal(reply->failures[0]->codes[1],
	    ERR_PUSH_UNKNOWN_PROVIDER);
	assert_string_equal(reply->failures[0]->reason,
	    "unable to send 1/1 push to receivers");
	fleet_end(call);
	assert_int_equal(other.n, 1);
	/* One that says nothing is waited for, and not for ever. */
	r.refuses = false;
	r.silent = true;
	call = begin_push(&f, 0, group_pk, &cid, NULL, 0);
	fleet_must(&f, 0, call);
	reply = call->replies[0];
	assert_int_equal(reply->n_failures, 1);
	assert_int_equal(reply->failures[0]->codes[1], ERR_STREAM_READ);
	fleet_end(call);
	/* Giving up, and closing, in the middle. */
	call = begin_push(&f, 0, group_pk, &cid, NULL, 0);
	sim_run_for(f.sim, 100);
	fleet_end(call);
	assert_int_equal(fake_web_running(f.nodes[0].web), 0);
	call = begin_push(&f, 0, group_pk, &cid, NULL, 0);
	sim_run_for(f.sim, 100);
	fleet_close(&f, 0);
	assert_true(call->finished && call->failed);
	assert_int_equal(fake_web_running(f.nodes[0].web), 0);
	fleet_end(call);
	fake_relay_close(&r);
	fake_relay_close(&other);
	fleet_stop(&f);
}

static void
what_is_no_push_of_ours_is_refused_with_its_code(void ** state)
{
	struct fake_relay r, other;
	struct buffer bad = {0};
	struct fleet f;
	uint8_t group_pk[32], elsewhere[32];
	struct cid cid;

	(void)state;
	gather(&f, &r, 8, &two, group_pk);
	fake_relay_open(&other, &f, 8, "other.example:443");
	expect_codes(&f, begin_receive(&f, 1, slice_text("none")), 1,
	    ERR_PUSH_UNABLE_TO_DECRYPT, ERR_INTERNAL);
	fake_relay_register(&r, &f, 1, "one");
	fake_relay_share(&r, &f, 1, "one", group_pk);
	expect_codes(&f, begin_receive(&f, 1, slice_text("none")), 1,
	    ERR_PUSH_UNABLE_TO_DECRYPT, ERR_PUSH_INVALID_PAYLOAD);
	fleet_create_group(&f, 0, elsewhere);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	cid = write_text(&f, 0, group_pk, "hello");
	push_all(&f, 0, group_pk, &cid);
	/* A bit turned; a relay that nobody registered; another device. */
	buffer_slice(&bad, buffer_all(&r.pushes[0].payload));
	bad.p[bad.n - 1] ^= 1;
	expect_codes(&f, begin_receive(&f, 1, buffer_all(&bad)), 1,
	    ERR_PUSH_UNABLE_TO_DECRYPT, ERR_PUSH_UNABLE_TO_DECRYPT);
	buffer_free(&bad);
	expect_codes(&f, begin_receive(&f, 0,
	    buffer_all(&r.pushes[0].payload)), 0,
	    ERR_PUSH_UNABLE_TO_DECRYPT, ERR_INTERNAL);
	/* A message that is in no log, a group that is not open. */
	cid.bytes[cid.n - 1] ^= 1;
	expect_codes(&f, begin_push(&f, 0, group_pk, &cid, NULL, 0), 0,
	    ERR_INTERNAL, ERR_INVALID_INPUT);
	cid.n = 3;
	expect_codes(&f, begin_push(&f, 0, group_pk, &cid, NULL, 0), 0,
	    ERR_INVALID_INPUT, ERR_INVALID_INPUT);
	expect_codes(&f, begin_push(&f, 1, elsewhere, &cid, NULL, 0), 1,
	    ERR_INTERNAL, ERR_INTERNAL);
	fake_relay_close(&r);
	fake_relay_close(&other);
	fleet_stop(&f);
}

static void
a_reference_of_an_unknown_group_is_not_found(void ** state)
{
	struct fake_relay r;
	struct fleet f;
	uint8_t group_pk[32], nonce[24] = {1}, device[32];
	struct buffer envelope = {0}, payload = {0};
	int i;

	(void)state;
	gather(&f, &r, 9, &two, group_pk);
	fake_relay_register(&r, &f, 1, "one");
	/* An OutOfStoreMessageEnvelope of nobody: nonce, box, reference. */
	buffer_append(&envelope, "\x0a\x18", 2);
	buffer_append(&envelope, nonce, sizeof(nonce));
	buffer_append(&envelope, "\x12\x01x\x22\x20", 5);
	for (i = 0; i < 32; i++)
		buffer_byte(&envelope, (uint8_t)i);
	memcpy(device, account_push_key(node_account(f.nodes[1].node))->public,
	    sizeof(device));
	assert_int_equal(push_expose(&payload, buffer_all(&envelope),
	    r.private, device, nonce), 0);
	expect_codes(&f, begin_receive(&f, 1, buffer_all(&payload)), 1,
	    ERR_NOT_FOUND, ERR_NOT_FOUND);
	/* Given up in the middle of the search. */
	fleet_end(begin_receive(&f, 1, buffer_all(&payload)));
	buffer_free(&envelope);
	buffer_free(&payload);
	fake_relay_close(&r);
	fleet_stop(&f);
}

/* --- the device's own ----------------------------------------------------- */

static void
what_is_registered_is_told_and_written_once(void ** state)
{
	API(InstanceGetConfiguration__Request) ask =
	    API_INIT(INSTANCE_GET_CONFIGURATION__REQUEST);
	const API(InstanceGetConfiguration__Reply) * reply;
	const uint8_t * account;
	struct fleet_call * call;
	struct fake_relay r;
	struct fleet f;
	uint8_t key[32];
	size_t events;

	(void)state;
	fleet_start(&f, 10, &two);
	fake_relay_open(&r, &f, 7, RELAY);
	account = f.nodes[0].account;
	call = fleet_ask(&f, 0, "InstanceGetConfiguration", &ask);
	reply = call->replies[0];
	assert_null(reply->device_push_token);
	assert_null(reply->device_push_server);
	fleet_end(call);
	fake_relay_register(&r, &f, 0, "token");
	events = fleet_events(&f, 0, account, 405);
	assert_int_equal(events, 1);
	fake_relay_register(&r, &f, 0, "token");
	assert_int_equal(fleet_events(&f, 0, account, 405), 1);
	assert_int_equal(fleet_events(&f, 0, account, 406), 1);
	fake_relay_register(&r, &f, 0, "another");
	assert_int_equal(fleet_events(&f, 0, account, 405), 2);
	assert_int_equal(fleet_events(&f, 0, account, 406), 1);
	memcpy(key, account_push_key(node_account(f.nodes[0].node))->public,
	    sizeof(key));
	fleet_close(&f, 0);
	fleet_open(&f, 0);
	call = fleet_ask(&f, 0, "InstanceGetConfiguration", &ask);
	reply = call->replies[0];
	assert_non_null(reply->device_push_token);
	assert_memory_equal(
	    reply->device_push_token->recipient_public_key.data, key, 32);
	assert_true(slice_equal(
	    protobuf_slice(reply->device_push_token->token),
	    slice_text("another")));
	assert_string_equal(reply->device_push_server->service_addr, RELAY);
	fleet_end(call);
	/* Two installations never have one key. */
	assert_memory_not_equal(key, account_push_key(
	    node_account(f.nodes[1].node))->public, 32);
	fake_relay_close(&r);
	fleet_stop(&f);
}

static void
bad_registrations_are_refused(void ** state)
{
	API(PushSetServer__Request) set = API_INIT(PUSH_SET_SERVER__REQUEST);
	API(PushSetDeviceToken__Request) token =
	    API_INIT(PUSH_SET_DEVICE_TOKEN__REQUEST);
	API(PushShareToken__Request) share =
	    API_INIT(PUSH_SHARE_TOKEN__REQUEST);
	API(PushServer) server = API_INIT(PUSH_SERVER);
	API(PushServiceReceiver) receiver = API_INIT(PUSH_SERVICE_RECEIVER);
	static const uint8_t zeros[33];
	struct fleet f;

	(void)state;
	fleet_start(&f, 11, &two);
	expect_codes(&f, fleet_begin(&f, 0, "PushSetServer", &set), 0,
	    ERR_INVALID_INPUT, ERR_INVALID_INPUT);
	set.server = &server;
	server.service_addr = (char *)(uintptr_t)RELAY;
	server.server_key = protobuf_bytes(slice_of(f.nodes[0].account, 31));
	expect_codes(&f, fleet_begin(&f, 0, "PushSetServer", &set), 0,
	    ERR_INVALID_INPUT, ERR_INVALID_INPUT);
	server.server_key = protobuf_bytes(slice_of(zeros, 32));
	expect_codes(&f, fleet_begin(&f, 0, "PushSetServer", &set), 0,
	    ERR_INVALID_INPUT, ERR_INVALID_INPUT);
	expect_codes(&f, fleet_begin(&f, 0, "PushSetDeviceToken", &token), 0,
	    ERR_INVALID_INPUT, ERR_INVALID_INPUT);
	token.receiver = &receiver;
	receiver.token = protobuf_bytes(slice_text("t"));
	expect_codes(&f, fleet_begin(&f, 0, "PushSetDeviceToken", &token), 0,
	    ERR_INVALID_INPUT, ERR_INVALID_INPUT);
	share.group_pk = protobuf_bytes(slice_of(zeros, 32));
	expect_codes(&f, fleet_begin(&f, 0, "PushShareToken", &share), 0,
	    ERR_INVALID_INPUT, ERR_INTERNAL);
	share.group_pk = protobuf_bytes(slice_of(f.nodes[0].account, 32));
	expect_codes(&f, fleet_begin(&f, 0, "PushShareToken", &share), 0,
	    ERR_INTERNAL, ERR_INVALID_INPUT);
	assert_int_equal(fleet_events(&f, 0, f.nodes[0].account, 404), 0);
	fleet_stop(&f);
}

struct used {
	bool done;
	struct error err;
};

static void
used_server(void * user, const struct error * err)
{
	struct used * u = user;

	u->done = true;
	if (err != NULL)
		u->err = *err;
}

static bool
is_used(void * user)
{
	return (((struct used *)user)->done);
}

static void
a_relay_of_a_service_token_is_asked_for_its_key(void ** state)
{
	struct buffer server = {0};
	struct used u = {0};
	struct fake_relay r;
	struct fleet f;

	(void)state;
	fleet_start(&f, 12, &two);
	fake_relay_open(&r, &f, 7, RELAY);
	assert_int_equal(node_push_use_server(f.nodes[0].node,
	    slice_text(RELAY), slice_text("token"), used_server, &u, NULL), 0);
	sim_assert(f.sim, sim_run_until(f.sim, is_used, &u, SOON_MS));
	assert_int_equal(u.err.n, 0);
	assert_int_equal(account_push_server(node_account(f.nodes[0].node),
	    &server), 0);
	assert_int_equal(fleet_events(&f, 0, f.nodes[0].account, 406), 1);
	buffer_free(&server);
	/* Nobody there; and the node closes before there is an answer. */
	u = (struct used){0};
	assert_int_equal(node_push_use_server(f.nodes[0].node,
	    slice_text("gone.example:1"), slice_text(""), used_server, &u,
	    NULL), 0);
	sim_assert(f.sim, sim_run_until(f.sim, is_used, &u, SOON_MS));
	assert_int_equal(u.err.code[0], ERR_STREAM_WRITE);
	u = (struct used){0};
	assert_int_equal(node_push_use_server(f.nodes[0].node,
	    slice_text(RELAY), slice_text(""), used_server, &u, NULL), 0);
	fleet_close(&f, 0);
	assert_true(u.done);
	fake_relay_close(&r);
	fleet_stop(&f);
}

static void
a_relay_of_a_token_is_asked_again_at_the_next_start(void ** state)
{
	API(DebugAuthServiceSetToken__Request) set =
	    API_INIT(DEBUG_AUTH_SERVICE_SET_TOKEN__REQUEST);
	API(AuthExchangeResponse) token = API_INIT(AUTH_EXCHANGE_RESPONSE);
	API(AuthExchangeResponse__ServicesEntry) psh =
	    API_INIT(AUTH_EXCHANGE_RESPONSE__SERVICES_ENTRY);
	API(AuthExchangeResponse__ServicesEntry) * services[1] = {&psh};
	struct buffer server = {0};
	struct fake_relay r;
	struct fleet f;

	(void)state;
	fleet_start(&f, 15, &two);
	fake_relay_open(&r, &f, 7, RELAY);
	psh.key = (char *)(uintptr_t)"psh";
	psh.value = (char *)(uintptr_t)RELAY;
	token.access_token = (char *)(uintptr_t)"token";
	token.services = services;
	token.n_services = 1;
	set.token = &token;
	set.authentication_url = (char *)(uintptr_t)"https://auth.example";
	fleet_tell(&f, 0, "DebugAuthServiceSetToken", &set);
	assert_int_equal(account_push_server(node_account(f.nodes[0].node),
	    &server), -ERR_NOT_FOUND);
	fleet_kill(&f, 0);
	fleet_open(&f, 0);
	sim_run_for(f.sim, 5000);
	assert_int_equal(account_push_server(node_account(f.nodes[0].node),
	    &server), 0);
	assert_int_equal(fleet_events(&f, 0, f.nodes[0].account, 406), 1);
	buffer_free(&server);
	fake_relay_close(&r);
	fleet_stop(&f);
}

/* --- the file beside the store -------------------------------------------- */

/* As an extension does it, while the node runs. */
static int
open_beside(struct fleet * f, size_t i, struct slice payload,
    struct push_message * m, uint8_t group_pk[32], struct error * err)
{
	uint8_t store_key[32] = {9, (uint8_t)i}, key[32];
	struct store_config config = {.path = "store" PUSH_FILE_SUFFIX,
	    .vfs = sim_disk(f->nodes[i].w), .key = key};
	struct store * file;
	int rc;

	push_file_key(key, store_key);
	assert_int_equal(store_open(f->nodes[i].w, &config, &file, NULL), 0);
	rc = push_file_open(file, payload, m, group_pk, err);
	store_close(file);
	return (rc);
}

static void
read_beside(struct fleet * f, size_t i, const struct fake_push * push,
    const uint8_t group_pk[32], const char * text, bool already)
{
	API(EncryptedMessage) * clear;
	struct push_message m;
	uint8_t found[32];

	assert_int_equal(open_beside(f, i, buffer_all(&push->payload), &m,
	    found, NULL), 0);
	assert_memory_equal(found, group_pk, 32);
	sim_assert(f->sim, m.already_received == already);
	clear = protobuf_decode(
	    &berty__protocol__v1__encrypted_message__descriptor,
	    buffer_all(&m.clear), 1 << 20);
	assert_non_null(clear);
	assert_true(slice_equal(protobuf_slice(clear->plaintext),
	    slice_text(text)));
	protobuf_free(clear);
	push_message_free(&m);
}

static void
a_push_is_opened_beside_a_node_that_holds_its_store(void ** state)
{
	struct error err = {0};
	struct push_message m;
	struct fake_relay r;
	struct fleet f;
	uint8_t group_pk[32], found[32];
	struct cid cids[3];

	(void)state;
	gather(&f, &r, 13, &two, group_pk);
	sim_run_for(f.sim, 30000);
	/* Who is pushed by nobody keeps no such file. */
	assert_int_not_equal(open_beside(&f, 1, slice_text("x"), &m, found,
	    &err), 0);
	assert_int_equal(err.code[0], ERR_NOT_FOUND);
	fake_relay_register(&r, &f, 1, "one");
	fake_relay_share(&r, &f, 1, "one", group_pk);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	sim_run_for(f.sim, 30000);
	cids[0] = write_text(&f, 0, group_pk, "here soon");
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 1, SOON_MS));
	sim_run_for(f.sim, 30000);
	island(&f, 1);
	fleet_send_many(&f, 0, group_pk, "between", 0, 250);
	cids[1] = write_text(&f, 0, group_pk, "not here yet");
	push_all(&f, 0, group_pk, &cids[0]);
	push_all(&f, 0, group_pk, &cids[1]);
	read_beside(&f, 1, &r.pushes[0], group_pk, "here soon", true);
	read_beside(&f, 1, &r.pushes[1], group_pk, "not here yet", false);
	/* It follows the chain, and is there when the node is not. */
	sim_heal(f.sim);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 252, SOON_MS));
	fleet_close(&f, 1);
	read_beside(&f, 1, &r.pushes[1], group_pk, "not here yet", true);
	assert_int_equal(open_beside(&f, 1,
	    buffer_all(&r.pushes[0].payload), &m, found, &err),
	    -ERR_CRYPTO_DECRYPT);
	cids[2] = write_text(&f, 0, group_pk, "while it is away");
	push_all(&f, 0, group_pk, &cids[2]);
	read_beside(&f, 1, &r.pushes[2], group_pk, "while it is away", false);
	fleet_open(&f, 1);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 253, SOON_MS));
	fake_relay_close(&r);
	fleet_stop(&f);
}

static void
a_group_that_is_left_is_forgotten_beside_the_store(void ** state)
{
	API(MultiMemberGroupLeave__Request) leave =
	    API_INIT(MULTI_MEMBER_GROUP_LEAVE__REQUEST);
	struct error err = {0};
	struct push_message m;
	struct fake_relay r;
	struct fleet f;
	uint8_t group_pk[32], found[32];
	struct cid cid;

	(void)state;
	gather(&f, &r, 14, &two, group_pk);
	fake_relay_register(&r, &f, 1, "one");
	fake_relay_share(&r, &f, 1, "one", group_pk);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	sim_run_for(f.sim, 1000);
	cid = write_text(&f, 0, group_pk, "hello");
	push_all(&f, 0, group_pk, &cid);
	sim_run_for(f.sim, 30000);
	read_beside(&f, 1, &r.pushes[0], group_pk, "hello", true);
	leave.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	fleet_tell(&f, 1, "MultiMemberGroupLeave", &leave);
	sim_run_for(f.sim, 30000);
	assert_int_equal(open_beside(&f, 1, buffer_all(&r.pushes[0].payload),
	    &m, found, &err), -ERR_NOT_FOUND);
	fake_relay_close(&r);
	fleet_stop(&f);
}

/* --- power fails ---------------------------------------------------------- */

/* The registration, in which node 1 may die; what was said to stand stands. */
static bool
register_or_die(struct fleet * f, struct fake_relay * r, enum sim_crash left)
{
	API(PushSetServer__Request) set = API_INIT(PUSH_SET_SERVER__REQUEST);
	API(PushServer) server = API_INIT(PUSH_SERVER);
	struct buffer held = {0};
	struct fleet_call * call;
	bool done, died;

	server.server_key = protobuf_bytes(slice_of(r->public, 32));
	server.service_addr = (char *)(uintptr_t)RELAY;
	set.server = &server;
	call = fleet_begin(f, 1, "PushSetServer", &set);
	done = fleet_wait(f, 1, call);
	/* The file beside the store is written meanwhile. */
	sim_run_for(f->sim, 3000);
	sim_disk_crash_at(f->nodes[1].w, 0, left);
	if ((died = fleet_bury(f, 1))) {
		sim_run_for(f->sim, 2000);
		fleet_open(f, 1);
	}
	fleet_end(call);
	if (done)
		assert_int_equal(account_push_server(
		    node_account(f->nodes[1].node), &held), 0);
	buffer_free(&held);
	return (died);
}

static bool
register_and_go_on(uint64_t n, enum sim_crash left)
{
	struct fake_relay r;
	struct fleet f;
	uint8_t group_pk[32], key[32];
	struct cid cid;
	bool died;

	gather(&f, &r, n, &two, group_pk);
	memcpy(key, account_push_key(node_account(f.nodes[1].node))->public,
	    sizeof(key));
	sim_disk_crash_at(f.nodes[1].w, n, left);
	died = register_or_die(&f, &r, left);
	/* The key is the installation's, whatever happens. */
	assert_memory_equal(key, account_push_key(
	    node_account(f.nodes[1].node))->public, 32);
	fake_relay_register(&r, &f, 1, "one");
	fake_relay_share(&r, &f, 1, "one", group_pk);
	sim_assert(f.sim, fleet_wait_equal(&f, group_pk, SOON_MS));
	sim_run_for(f.sim, 2000);
	cid = write_text(&f, 0, group_pk, "after");
	push_all(&f, 0, group_pk, &cid);
	assert_int_equal(r.n, 1);
	sim_run_for(f.sim, 30000);
	receive(&f, 1, &r.pushes[0], group_pk, "after", true);
	read_beside(&f, 1, &r.pushes[0], group_pk, "after", true);
	fake_relay_close(&r);
	fleet_stop(&f);
	return (died);
}

static void
a_crash_at_any_write_of_a_registration(void ** state)
{
	static const enum sim_crash left[] = {SIM_CRASH_NOTHING,
	    SIM_CRASH_PREFIX, SIM_CRASH_SOME};
	bool died = true;
	uint64_t n;
	size_t i;

	(void)state;
	for (n = 1; died; n++) {
		assert_true(n < MOST_WRITES);
		for (i = 0; i < 3; i++)
			died = register_and_go_on(n, left[i]);
	}
	assert_true(n > 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
a_pushed_message_is_read_before_the_log_has_it_and_listed_once),
		cmocka_unit_test(pushes_out_of_order_and_far_ahead_are_read),
		cmocka_unit_test(a_push_of_a_group_that_is_closed_is_read),
		cmocka_unit_test(
		    a_relay_that_a_group_was_told_of_is_understood_unregistered),
		cmocka_unit_test(only_those_who_are_named_are_pushed_to),
		cmocka_unit_test(the_newest_token_of_a_device_counts),
		cmocka_unit_test(
		    so_many_relays_and_devices_are_asked_and_no_more),
		cmocka_unit_test(
		    a_member_who_names_many_relays_keeps_nobody_out),
		cmocka_unit_test(a_relay_that_only_others_named_is_a_stranger),
		cmocka_unit_test(
a_relay_that_fails_is_named_in_the_reply_and_others_are_asked),
		cmocka_unit_test(
		    what_is_no_push_of_ours_is_refused_with_its_code),
		cmocka_unit_test(a_reference_of_an_unknown_group_is_not_found),
		cmocka_unit_test(what_is_registered_is_told_and_written_once),
		cmocka_unit_test(bad_registrations_are_refused),
		cmocka_unit_test(
		    a_relay_of_a_service_token_is_asked_for_its_key),
		cmocka_unit_test(
		    a_relay_of_a_token_is_asked_again_at_the_next_start),
		cmocka_unit_test(
		    a_push_is_opened_beside_a_node_that_holds_its_store),
		cmocka_unit_test(
		    a_group_that_is_left_is_forgotten_beside_the_store),
		cmocka_unit_test(a_crash_at_any_write_of_a_registration),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
