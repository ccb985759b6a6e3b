/* test_replication_client.c: having a server keep a group, by the API. */
#include "berty/replication/v1/bertyreplication.pb-c.h"
#include "support/fake_web.h"
#include "group/replicating.h"
#include "node/node_impl.h"
#include "support/fleet.h"

#define SERVER "repl.example:443"
#define RPL(name) Berty__Replication__V1__##name
#define RPL_INIT(name) BERTY__REPLICATION__V1__##name##__INIT

enum { SOON_MS = 120000 };

static const struct fleet_config two = {.n = 2, .web = true};

/* A server that a test plays. */
struct keeper {
	unsigned asked;
	bool has;                 /* the group is registered */
	bool refuse, never;
	struct group_info last;
	char token[80];
};

static void
fail_with(struct fake_exchange * x, int status, int code)
{
	x->status = status;
	(void)error_set(&x->err, code, "refused");
}

static void
keep(struct keeper * k, struct fake_exchange * x,
    const RPL(ReplicationServiceReplicateGroup__Request) * request)
{
	static const uint8_t address[] = {4, 10, 0, 0, 9, 6, 0x0f, 0xa1};
	RPL(ReplicationServiceReplicateGroup__Reply) reply =
	    RPL_INIT(REPLICATION_SERVICE_REPLICATE_GROUP__REPLY);
	const API(Group) * g = request->group;
	ProtobufCBinaryData list[2] = {
	    protobuf_bytes(slice_of(address, sizeof(address))),
	    protobuf_bytes(slice_text("no address"))};

	assert_non_null(g);
	assert_int_equal(g->secret.len, 0);
	assert_int_equal(g->secret_sig.len, 0);
	assert_int_equal(g->public_key.len, 32);
	assert_int_equal(g->sign_pub.len, 32);
	assert_int_equal(g->link_key.len, 32);
	assert_int_equal(g->link_key_sig.len, 64);
	assert_int_equal(ed25519_verify(g->link_key_sig.data,
	    g->public_key.data, protobuf_slice(g->link_key)), 0);
	if (k->has) {
		fail_with(x, 6, ERR_DB_ENTRY_ALREADY_EXISTS);
		return;
	}
	k->has = true;
	reply.ok = true;
	reply.peer_addresses = list;
	reply.n_peer_addresses = 2;
	fake_web_message(x, &reply);
}

static void
serve(void * user, struct fake_exchange * x)
{
	struct keeper * k = user;
	RPL(ReplicationServiceReplicateGroup__Request) * request;

	k->asked++;
	assert_string_equal(x->name, SERVER
	    "/berty.replication.v1.ReplicationService/ReplicateGroup");
	assert_string_equal(x->request->bearer, "the token");
	x->delay_ms = 200;
	x->never = k->never;
	if (k->refuse) {
		fail_with(x, 7, ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN);
		return;
	}
	request = protobuf_decode(
	    &berty__replication__v1__replication_service_replicate_group__request__descriptor,
	    x->request->body, 1 << 16);
	assert_non_null(request);
	keep(k, x, request);
	protobuf_free(request);
}

/* The node has a token for the server; its id is the only one there is. */
static void
give_token(struct fleet * f, size_t i, struct keeper * k)
{
	API(DebugAuthServiceSetToken__Request) request =
	    API_INIT(DEBUG_AUTH_SERVICE_SET_TOKEN__REQUEST);
	API(AuthExchangeResponse) token = API_INIT(AUTH_EXCHANGE_RESPONSE);
	API(AuthExchangeResponse__ServicesEntry) entry =
	    API_INIT(AUTH_EXCHANGE_RESPONSE__SERVICES_ENTRY);
	API(AuthExchangeResponse__ServicesEntry) * entries[1] = {&entry};
	API(ServicesTokenList__Request) list =
	    API_INIT(SERVICES_TOKEN_LIST__REQUEST);
	const API(ServicesTokenList__Reply) * reply;
	struct fleet_call * call;

	entry.key = (char *)(uintptr_t)"rpl";
	entry.value = (char *)(uintptr_t)SERVER;
	token.access_token = (char *)(uintptr_t)"the token";
	token.services = entries;
	token.n_services = 1;
	request.token = &token;
	request.authentication_url =
	    (char *)(uintptr_t)"https://auth.example";
	fleet_tell(f, i, "DebugAuthServiceSetToken", &request);
	call = fleet_ask(f, i, "ServicesTokenList", &list);
	assert_int_equal(call->n, 1);
	reply = call->replies[0];
	assert_true(strlen(reply->token_id) < sizeof(k->token));
	(void)snprintf(k->token, sizeof(k->token), "%s", reply->token_id);
	fleet_end(call);
	fake_web_serve(f->nodes[i].web, SERVER "/", serve, k);
}

static struct fleet_call *
begin(struct fleet * f, const struct keeper * k, const uint8_t group_pk[32])
{
	API(ReplicationServiceRegisterGroup__Request) request =
	    API_INIT(REPLICATION_SERVICE_REGISTER_GROUP__REQUEST);

	request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	request.token_id = (char *)(uintptr_t)k->token;
	return (fleet_begin(f, 0, "ReplicationServiceRegisterGroup",
	    &request));
}

static size_t
told(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	return (fleet_events(f, i, group_pk, 403));
}

struct waiting {
	struct fleet * f;
	const uint8_t * group_pk;
};

static bool
other_is_told(void * user)
{
	struct waiting * w = user;

	return (told(w->f, 1, w->group_pk) == 1);
}

static void
members_learn_who_keeps_a_group(void ** state)
{
	API(GroupInfo__Request) ask = API_INIT(GROUP_INFO__REQUEST);
	const API(GroupInfo__Reply) * info;
	struct fleet f;
	struct keeper k = {0};
	struct fleet_call * call;
	uint8_t group[32];
	struct waiting w = {&f, group};

	(void)state;
	fleet_start(&f, 1, &two);
	fleet_gather(&f, group);
	give_token(&f, 0, &k);
	call = begin(&f, &k, group);
	fleet_must(&f, 0, call);
	fleet_end(call);
	assert_int_equal(k.asked, 1);
	assert_int_equal(told(&f, 0, group), 1);
	sim_assert(f.sim, sim_run_until(f.sim, other_is_told, &w, SOON_MS));
	ask.group_pk = protobuf_bytes(slice_of(group, 32));
	call = fleet_ask(&f, 1, "GroupInfo", &ask);
	info = call->replies[0];
	assert_int_equal(info->n_replicating, 1);
	assert_string_equal(info->replicating[0]->replication_server, SERVER);
	assert_string_equal(info->replicating[0]->authentication_url,
	    "https://auth.example");
	assert_int_equal(info->replicating[0]->n_peer_addresses, 1);
	fleet_end(call);
	fleet_stop(&f);
}

/* The group of two contacts is signed for by a key that both derive. */
static void
the_group_of_a_contact_and_of_the_account_are_kept_too(void ** state)
{
	struct fleet f;
	struct keeper k = {0};
	struct fleet_call * call;
	uint8_t group[32];

	(void)state;
	fleet_start(&f, 2, &two);
	fleet_befriend(&f, 0, 1);
	assert_true(fleet_contact_group(&f, 0, 1, group));
	give_token(&f, 0, &k);
	call = begin(&f, &k, group);
	fleet_must(&f, 0, call);
	fleet_end(call);
	k.has = false;
	call = begin(&f, &k, f.nodes[0].account);
	fleet_must(&f, 0, call);
	fleet_end(call);
	assert_int_equal(k.asked, 2);
	fleet_stop(&f);
}

static void
what_the_server_refuses_is_passed_on(void ** state)
{
	struct fleet f;
	struct keeper k = {.refuse = true};
	struct fleet_call * call;
	uint8_t group[32];

	(void)state;
	fleet_start(&f, 3, &two);
	fleet_create_group(&f, 0, group);
	give_token(&f, 0, &k);
	call = begin(&f, &k, group);
	sim_assert(f.sim, !fleet_wait(&f, 0, call));
	assert_int_equal(call->err.n, 2);
	assert_int_equal(call->err.code[0], ERR_SERVICE_REPLICATION_SERVER);
	assert_int_equal(call->err.code[1],
	    ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN);
	fleet_end(call);
	/* Nobody is there. */
	fake_web_forget(f.nodes[0].web);
	call = begin(&f, &k, group);
	sim_assert(f.sim, !fleet_wait(&f, 0, call));
	assert_int_equal(call->err.code[0], ERR_SERVICE_REPLICATION_SERVER);
	fleet_end(call);
	assert_int_equal(told(&f, 0, group), 0);
	fleet_stop(&f);
}

static void
a_call_that_nobody_waits_for_writes_nothing(void ** state)
{
	struct fleet f;
	struct keeper k = {.never = true};
	struct fleet_call * call;
	uint8_t group[32];

	(void)state;
	fleet_start(&f, 4, &two);
	fleet_create_group(&f, 0, group);
	give_token(&f, 0, &k);
	call = begin(&f, &k, group);
	sim_run_for(f.sim, 1000);
	assert_int_equal(fake_web_running(f.nodes[0].web), 1);
	fleet_end(call);
	assert_int_equal(fake_web_running(f.nodes[0].web), 0);
	/* A node that closes ends it, too. */
	call = begin(&f, &k, group);
	sim_run_for(f.sim, 1000);
	fleet_close(&f, 0);
	assert_true(call->finished && call->failed);
	fleet_end(call);
	fleet_open(&f, 0);
	assert_int_equal(told(&f, 0, group), 0);
	fleet_stop(&f);
}

/* The server has the group, and the node crashed before the event was kept:
 * asked again, it says so, and the event is written. */
static bool
crash_at(unsigned n)
{
	struct fleet f;
	struct keeper k = {0};
	struct fleet_call * call;
	uint8_t group[32];
	bool crashed;

	fleet_start(&f, 100 + n, &two);
	fleet_gather(&f, group);
	give_token(&f, 0, &k);
	sim_disk_crash_at(f.nodes[0].w, n, (enum sim_crash)(n % 3));
	call = begin(&f, &k, group);
	(void)fleet_wait(&f, 0, call);
	sim_run_for(f.sim, 5000);
	crashed = fleet_bury(&f, 0);
	sim_disk_crash_at(f.nodes[0].w, 0, SIM_CRASH_NOTHING);
	fleet_end(call);
	if (crashed) {
		fleet_open(&f, 0);
		call = begin(&f, &k, group);
		if (!fleet_wait(&f, 0, call))
			assert_int_equal(call->err.code[call->err.n - 1],
			    ERR_DB_ENTRY_ALREADY_EXISTS);
		fleet_end(call);
	}
	assert_true(k.has);
	sim_assert(f.sim, told(&f, 0, group) == 1);
	fleet_stop(&f);
	return (crashed);
}

static void
after_a_crash_at_any_write_members_are_told_once(void ** state)
{
	unsigned n;

	(void)state;
	for (n = 1; crash_at(n); n++)
		;
	assert_true(n > 3);
}

/* --- addresses that members tell ------------------------------------------ */

/* A device tells of a server at that many addresses, from `first` on. */
static void
tell_addresses(struct fleet * f, uint64_t scope, uint8_t device,
    const char * server, uint8_t first, size_t n)
{
	struct metadata_event e = {.type = EVENT_GROUP_REPLICATING};
	struct event_place place = {.time = 1};
	struct buffer payload = {0}, list = {0};
	struct multiaddr_tcp tcp = {.ip = {10, 0, 7, 0}, .port = 4001};
	struct buffer one = {0};
	uint8_t pub[KEY_SIZE];

	memset(e.device_pk, device, sizeof(e.device_pk));
	memset(pub, device, sizeof(pub));
	peer_id_from_ed25519(&tcp.peer, pub);
	cid_of(&place.cid, CID_DAG_CBOR, slice_text("an entry"));
	while (n-- > 0) {
		tcp.ip[3] = first++;
		buffer_clear(&one);
		multiaddr_from_tcp(&one, &tcp);
		buffer_uvarint(&list, one.n);
		buffer_slice(&list, buffer_all(&one));
	}
	replicating_encode(&payload, e.device_pk, slice_of(NULL, 0),
	    slice_text(server), buffer_all(&list));
	e.payload = buffer_all(&payload);
	assert_int_equal(replicating_fold(node_store(f->nodes[0].node), scope,
	    &e, &place), 0);
	buffer_free(&payload);
	buffer_free(&list);
	buffer_free(&one);
}

static void
a_member_who_tells_of_many_addresses_keeps_no_server_out(void ** state)
{
	struct store * store;
	struct node_group * g;
	struct fleet f;
	struct node * n;
	uint64_t scope;
	uint8_t i;

	(void)state;
	fleet_start(&f, 30, &two);
	n = f.nodes[0].node;
	g = node_account_group(n);
	store = node_store(n);
	scope = group_scope(node_group_of(g));
	assert_int_equal(store_begin(store), 0);
	for (i = 0; i < 8; i++)
		tell_addresses(&f, scope, 1, (char[]){'s', (char)('0' + i), 0},
		    (uint8_t)(8 * i), 8);
	node_replication_meet(g);
	assert_int_equal(n->replicas.n, 8);
	tell_addresses(&f, scope, 2, "another", 100, 1);
	node_replication_meet(g);
	assert_int_equal(n->replicas.n, 9);
	for (i = 3; i < 20; i++)
		tell_addresses(&f, scope, i, "more", (uint8_t)(10 * i), 8);
	node_replication_meet(g);
	assert_int_equal(n->replicas.n, 16);
	assert_int_equal(store_commit(store, NULL), 0);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_learn_who_keeps_a_group),
		cmocka_unit_test(
		    the_group_of_a_contact_and_of_the_account_are_kept_too),
		cmocka_unit_test(
		    a_member_who_tells_of_many_addresses_keeps_no_server_out),
		cmocka_unit_test(what_the_server_refuses_is_passed_on),
		cmocka_unit_test(a_call_that_nobody_waits_for_writes_nothing),
		cmocka_unit_test(
		    after_a_crash_at_any_write_members_are_told_once),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
