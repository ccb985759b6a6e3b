/* test_replication.c: a server keeps a group for members who are away. */
#include "log/address.h"
#include "services/replication_server.h"
#include "support/fleet_impl.h"
#include "world/replica/replica_sqlite.h"

enum { LONG_MS = 300000 };

/* A server, its database, and the node of the simulation they are on. */
struct place {
	struct fleet * f;
	struct world * w, * db_w;
	struct replica * replica;
	struct replication_server * server;
	struct replica_quota quota;
	unsigned failures;        /* that the server told of */
};

static void
failed(void * user)
{
	struct place * p = user;

	p->failures++;
}

static void
open_database(struct place * p, bool shared)
{
	struct replica_sqlite_config config = {.path = "replica",
	    .vfs = sim_disk(p->db_w)};
	struct error err = {0};

	assert_int_equal(replica_sqlite_open(p->db_w, &config, &p->replica,
	    &err), 0);
	p->replica->shared = shared;
}

static int
try_server(struct place * p)
{
	static const char * const listeners[] = {"/ip4/0.0.0.0/tcp/4001", NULL};
	char text[FLEET_MAX][48];
	const char * peers[FLEET_MAX + 1] = {NULL};
	static const uint8_t key[32] = {7};
	struct replication_server_config config = {
	    .store = {.path = "logs", .vfs = sim_disk(p->w), .key = key},
	    .replica = p->replica, .listeners = listeners,
	    .static_peers = peers, .agent = "test", .security = HOST_NOISE,
	    .quota = p->quota, .failed = failed, .user = p};
	struct error err = {0};
	size_t i;

	for (i = 0; i < p->f->n; i++) {
		(void)snprintf(text[i], sizeof(text[i]),
		    "/ip4/10.0.0.%zu/tcp/4001", i + 1);
		peers[i] = text[i];
	}
	return (replication_server_open(p->w, &config, &p->server, &err));
}

/* A server with a database of its own, on a node of its own. */
static void
open_place(struct place * p, struct fleet * f)
{
	p->f = f;
	if (p->w == NULL)
		p->w = p->db_w = sim_node(f->sim);
	assert_non_null(p->w);
	open_database(p, false);
	assert_int_equal(try_server(p), 0);
}

static void
close_place(struct place * p)
{
	if (p->server != NULL)
		replication_server_close(p->server);
	if (p->replica != NULL)
		replica_close(p->replica);
	p->server = NULL;
	p->replica = NULL;
}

/* --- registering ---------------------------------------------------------- */

struct answer {
	bool done;
	int status;
};

static void
answered(void * user, int status, const struct error * err)
{
	struct answer * a = user;

	(void)err;
	a->done = true;
	a->status = status;
}

static bool
is_done(void * user)
{
	return (((struct answer *)user)->done);
}

/* What a member tells the server of a group. */
struct told {
	uint8_t pk[32], sign_pub[32], link_key[32], link_key_sig[64];
};

static struct told
tell_of(struct fleet * f, size_t i, const uint8_t group_pk[32])
{
	const struct group_info * info =
	    group_info_of(fleet_group(f, i, group_pk));
	struct log_identity identity;
	struct told t;

	log_identity_from_seed(&identity, info->secret);
	memcpy(t.pk, info->pk, 32);
	memcpy(t.sign_pub, identity.pub, 32);
	group_link_key(t.link_key, info);
	assert_true(info->has_link_key_sig);
	memcpy(t.link_key_sig, info->link_key_sig, 64);
	return (t);
}

static int
register_group(struct place * p, const struct told * t, const char * token)
{
	struct replication_registration in = {
	    .network = network_get(NETWORK_BERTY),
	    .public_key = slice_of(t->pk, 32),
	    .sign_pub = slice_of(t->sign_pub, 32),
	    .link_key = slice_of(t->link_key, 32),
	    .link_key_sig = slice_of(t->link_key_sig, 64)};
	struct replica_token who = {.issuer = "issuer"};
	struct replication_wait * wait;
	struct answer a = {0};
	struct error err = {0};
	int rc;

	(void)snprintf(who.id, sizeof(who.id), "%s", token);
	rc = replication_server_register(p->server, &in, &who, answered, &a,
	    &wait, &err);
	if (rc != 0)
		return (rc);
	if (!sim_run_until(p->f->sim, is_done, &a, 10000))
		return (-ERR_INTERNAL);
	return (a.status);
}

/* --- what the server has -------------------------------------------------- */

struct wanted {
	struct place * p;
	uint64_t entries[2];
};

static bool
has_entries(void * user)
{
	struct wanted * w = user;
	struct replication_status s;

	if (w->p->server == NULL)
		return (false);
	replication_server_status(w->p->server, &s);
	return (s.entries[0] >= w->entries[0] && s.entries[1] >= w->entries[1]);
}

/* Until the server has all that a node has. */
static bool
wait_kept(struct place * p, size_t i, const uint8_t group_pk[32])
{
	struct group * g = fleet_group(p->f, i, group_pk);
	struct wanted w = {.p = p};
	struct log_status status;

	log_status(group_metadata_log(g), &status);
	w.entries[0] = status.joined;
	log_status(group_message_log(g), &status);
	w.entries[1] = status.joined;
	return (sim_run_until(p->f->sim, has_entries, &w, LONG_MS));
}

static void
start(struct fleet * f, const struct network * network, uint64_t seed)
{
	struct fleet_config config = {.n = 2, .network = network};

	fleet_start(f, seed, &config);
}

static void
catch_up_by(const struct network * network)
{
	struct fleet f;
	struct place p = {0};
	struct told t;
	uint8_t group[32];

	start(&f, network, 1);
	fleet_gather(&f, group);
	open_place(&p, &f);
	t = tell_of(&f, 0, group);
	assert_int_equal(register_group(&p, &t, "token"), 0);
	sim_assert(f.sim, wait_kept(&p, 0, group));
	fleet_close(&f, 1);
	fleet_send_many(&f, 0, group, "kept", 0, 20);
	sim_assert(f.sim, wait_kept(&p, 0, group));
	fleet_close(&f, 0);
	fleet_open(&f, 1);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group, 20, LONG_MS));
	fleet_send(&f, 1, group, "an answer");
	sim_assert(f.sim, wait_kept(&p, 1, group));
	fleet_close(&f, 1);
	fleet_open(&f, 0);
	sim_assert(f.sim, fleet_wait_count(&f, 0, group, 21, LONG_MS));
	sim_assert(f.sim, fleet_has(&f, 0, group, "an answer"));
	close_place(&p);
	fleet_stop(&f);
}

static void
who_was_away_catches_up_from_the_server_alone(void ** state)
{
	(void)state;
	catch_up_by(network_get(NETWORK_BERTY));
}

static void
so_does_who_speaks_the_network_of_2022(void ** state)
{
	(void)state;
	catch_up_by(network_get(NETWORK_BERTY_V1));
}

static void
a_lying_registrant_keeps_nobody_out(void ** state)
{
	struct fleet f;
	struct place p = {0};
	struct told t, lie;
	struct ed25519_key other;
	static const uint8_t seed[32] = {3};
	uint8_t group[32];

	(void)state;
	start(&f, NULL, 2);
	fleet_gather(&f, group);
	open_place(&p, &f);
	t = lie = tell_of(&f, 0, group);
	ed25519_from_seed(&other, seed);
	memcpy(lie.sign_pub, other.pub, 32);
	assert_int_equal(register_group(&p, &lie, "liar"), 0);
	assert_int_equal(register_group(&p, &t, "token"), 0);
	assert_int_equal(register_group(&p, &t, "token"),
	    -ERR_DB_ENTRY_ALREADY_EXISTS);
	fleet_send_many(&f, 0, group, "kept", 0, 3);
	sim_assert(f.sim, wait_kept(&p, 0, group));
	close_place(&p);
	fleet_stop(&f);
}

static void
what_is_no_group_is_refused(void ** state)
{
	struct fleet f;
	struct place p = {0};
	struct told t, bad;
	uint8_t group[32];

	(void)state;
	start(&f, NULL, 3);
	fleet_gather(&f, group);
	open_place(&p, &f);
	t = tell_of(&f, 0, group);
	bad = t;
	bad.link_key[0] ^= 1;
	assert_int_equal(register_group(&p, &bad, "token"),
	    -ERR_CRYPTO_SIGNATURE_VERIFICATION);
	bad = t;
	bad.link_key_sig[63] ^= 1;
	assert_int_equal(register_group(&p, &bad, "token"),
	    -ERR_CRYPTO_SIGNATURE_VERIFICATION);
	bad = t;
	bad.pk[0] ^= 1;
	assert_int_equal(register_group(&p, &bad, "token"),
	    -ERR_CRYPTO_SIGNATURE_VERIFICATION);
	bad = t;
	memset(bad.sign_pub, 0, 32);
	assert_int_equal(register_group(&p, &bad, "token"),
	    -ERR_INVALID_INPUT);
	assert_int_equal(register_group(&p, &t, "token"), 0);
	close_place(&p);
	fleet_stop(&f);
}

static void
a_token_without_room_stops_its_groups_alone(void ** state)
{
	struct fleet f;
	struct place p = {.quota = {.bytes = 40000}};
	struct told t;
	uint64_t had;
	struct replication_status s;
	uint8_t group[32], other[32];

	(void)state;
	start(&f, NULL, 4);
	fleet_gather(&f, group);
	fleet_create_group(&f, 0, other);
	open_place(&p, &f);
	t = tell_of(&f, 0, group);
	assert_int_equal(register_group(&p, &t, "token"), 0);
	fleet_send_many(&f, 0, group, "much", 0, 64);
	sim_run_for(f.sim, 60000);
	replication_server_status(p.server, &s);
	had = s.entries[0] + s.entries[1];
	sim_assert(f.sim, had >= 10);
	fleet_send_many(&f, 0, group, "more", 0, 64);
	sim_run_for(f.sim, 120000);
	replication_server_status(p.server, &s);
	sim_assert(f.sim, s.entries[0] + s.entries[1] == had);
	/* Another token's group goes on; this token's next one is refused. */
	t = tell_of(&f, 0, other);
	assert_int_equal(register_group(&p, &t, "token"),
	    -ERR_SERVICE_REPLICATION);
	assert_int_equal(register_group(&p, &t, "other"), 0);
	fleet_send(&f, 0, other, "kept");
	sim_run_for(f.sim, 60000);
	replication_server_status(p.server, &s);
	sim_assert(f.sim, s.entries[0] + s.entries[1] > had);
	close_place(&p);
	fleet_stop(&f);
}

static bool
has_failed(void * user)
{
	return (((struct place *)user)->failures > 0);
}

static void
a_disk_that_fails_is_told_of_once(void ** state)
{
	struct fleet f;
	struct place p = {0};
	struct told t;
	uint8_t group[32];

	(void)state;
	start(&f, NULL, 6);
	fleet_gather(&f, group);
	open_place(&p, &f);
	t = tell_of(&f, 0, group);
	assert_int_equal(register_group(&p, &t, "token"), 0);
	sim_assert(f.sim, wait_kept(&p, 0, group));
	sim_disk_fail_write(p.w, 1);
	fleet_send_many(&f, 0, group, "lost", 0, 8);
	sim_assert(f.sim, sim_run_until(f.sim, has_failed, &p, LONG_MS));
	sim_run_for(f.sim, 60000);
	assert_int_equal(p.failures, 1);
	/* Opened again, it goes on. */
	close_place(&p);
	open_place(&p, &f);
	sim_assert(f.sim, wait_kept(&p, 0, group));
	close_place(&p);
	fleet_stop(&f);
}

/* --- crashes -------------------------------------------------------------- */

static void
reopen(struct place * p)
{
	close_place(p);
	if (!sim_alive(p->w))
		sim_start(p->w);
	open_place(p, p->f);
}

/*
 * The server crashes at its n-th write from the registration on, is started
 * again, and in the end a member who was away gets everything; true when it
 * crashed.
 */
static bool
crash_at(unsigned n, enum sim_crash left)
{
	struct fleet f;
	struct place p = {0};
	struct told t;
	uint8_t group[32];
	bool crashed;
	int rc;

	start(&f, NULL, 5 + n);
	fleet_gather(&f, group);
	open_place(&p, &f);
	t = tell_of(&f, 0, group);
	sim_disk_crash_at(p.w, n, left);
	rc = register_group(&p, &t, "token");
	fleet_close(&f, 1);
	fleet_send_many(&f, 0, group, "kept", 0, 12);
	sim_run_for(f.sim, 30000);
	crashed = !sim_alive(p.w);
	sim_disk_crash_at(p.w, 0, left);
	if (crashed) {
		reopen(&p);
		if (rc != 0)
			rc = register_group(&p, &t, "token");
		sim_assert(f.sim, rc == 0 ||
		    rc == -ERR_DB_ENTRY_ALREADY_EXISTS);
	}
	sim_assert(f.sim, wait_kept(&p, 0, group));
	fleet_close(&f, 0);
	fleet_open(&f, 1);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group, 12, LONG_MS));
	close_place(&p);
	fleet_stop(&f);
	return (crashed);
}

static void
a_server_that_crashes_at_any_write_keeps_on(void ** state)
{
	unsigned n;

	(void)state;
	for (n = 1; crash_at(n, (enum sim_crash)(n % 3)); n += n < 12 ? 1 : 7)
		;
	assert_true(n > 20);
}

/* --- fleets --------------------------------------------------------------- */

/* Two servers and a database, each on a node of its own. */
static void
a_group_whose_server_dies_is_taken_over(void ** state)
{
	struct fleet f;
	struct place db = {0}, a = {0}, b = {0};
	struct place * first, * second;
	struct replication_status s;
	struct told t;
	uint8_t group[32];

	(void)state;
	start(&f, NULL, 99);
	fleet_gather(&f, group);
	db.f = a.f = b.f = &f;
	db.w = db.db_w = sim_node(f.sim);
	open_database(&db, true);
	a.w = sim_node(f.sim);
	b.w = sim_node(f.sim);
	a.replica = b.replica = db.replica;
	assert_int_equal(try_server(&a), 0);
	assert_int_equal(try_server(&b), 0);
	t = tell_of(&f, 0, group);
	assert_int_equal(register_group(&a, &t, "token"), 0);
	fleet_close(&f, 1);
	fleet_send_many(&f, 0, group, "kept", 0, 20);
	sim_run_for(f.sim, 20000);
	replication_server_status(a.server, &s);
	first = s.led == 1 ? &a : &b;
	second = first == &a ? &b : &a;
	sim_assert(f.sim, wait_kept(first, 0, group));
	sim_run_for(f.sim, 5000);
	fleet_close(&f, 0);

	/* It dies with all it has; the other has the entries from the database. */
	sim_kill(first->w);
	replication_server_close(first->server);
	first->server = NULL;
	fleet_open(&f, 1);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group, 20, LONG_MS));
	replication_server_status(second->server, &s);
	assert_int_equal(s.led, 1);

	/* It comes back, and leads nothing that is led. */
	sim_start(first->w);
	assert_int_equal(try_server(first), 0);
	sim_run_for(f.sim, 30000);
	replication_server_status(first->server, &s);
	assert_int_equal(s.led, 0);
	assert_int_equal(s.servers, 2);
	replication_server_close(a.server);
	replication_server_close(b.server);
	close_place(&db);
	fleet_stop(&f);
}

/* --- a page that does not read ------------------------------------------- */

/* A database whose first page of entries ends in what is no entry. */
struct torn {
	struct replica replica;   /* what the server is given */
	struct replica * whole;
	bool done;
	void (*told)(struct replica_request * r, int status);
};

static struct torn torn;

static void
tear(struct replica_request * r, int status)
{
	if (status == 0 && r->n_entries > 1 && !torn.done) {
		r->entries[r->n_entries - 1].cid.n = 0;
		torn.done = true;
	}
	r->done = torn.told;
	r->done(r, status);
}

static int
torn_submit(struct replica * r, struct replica_request * request)
{
	(void)r;
	if (request->call == REPLICA_READ && !torn.done) {
		torn.told = request->done;
		request->done = tear;
	}
	return (replica_submit(torn.whole, request));
}

static void
torn_watch(struct replica * r, void (*changed)(void * user), void * user)
{
	(void)r;
	replica_watch(torn.whole, changed, user);
}

static void
a_page_that_does_not_read_is_read_again_from_its_beginning(void ** state)
{
	static const struct replica_ops ops = {.submit = torn_submit,
	    .watch = torn_watch};
	struct fleet f;
	struct place db = {0}, a = {0}, b = {0};
	struct replication_status before, after;
	struct told t;
	uint8_t group[32];

	(void)state;
	start(&f, NULL, 98);
	fleet_gather(&f, group);
	db.f = a.f = b.f = &f;
	db.w = db.db_w = sim_node(f.sim);
	open_database(&db, true);
	a.w = sim_node(f.sim);
	b.w = sim_node(f.sim);
	a.replica = db.replica;
	assert_int_equal(try_server(&a), 0);
	t = tell_of(&f, 0, group);
	assert_int_equal(register_group(&a, &t, "token"), 0);
	fleet_close(&f, 1);
	fleet_send_many(&f, 0, group, "kept", 0, 20);
	sim_run_for(f.sim, 20000);
	sim_assert(f.sim, wait_kept(&a, 0, group));
	sim_run_for(f.sim, 5000);
	fleet_close(&f, 0);
	replication_server_status(a.server, &before);
	sim_kill(a.w);
	replication_server_close(a.server);

	torn = (struct torn){.replica = {.ops = &ops, .shared = true},
	    .whole = db.replica};
	b.replica = &torn.replica;
	assert_int_equal(try_server(&b), 0);
	sim_run_for(f.sim, 60000);
	assert_true(torn.done);
	replication_server_status(b.server, &after);
	assert_int_equal(after.led, 1);
	assert_int_equal(after.entries[0], before.entries[0]);
	assert_int_equal(after.entries[1], before.entries[1]);
	replication_server_close(b.server);
	close_place(&db);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_away_catches_up_from_the_server_alone),
		cmocka_unit_test(so_does_who_speaks_the_network_of_2022),
		cmocka_unit_test(a_lying_registrant_keeps_nobody_out),
		cmocka_unit_test(what_is_no_group_is_refused),
		cmocka_unit_test(a_token_without_room_stops_its_groups_alone),
		cmocka_unit_test(a_disk_that_fails_is_told_of_once),
		cmocka_unit_test(a_server_that_crashes_at_any_write_keeps_on),
		cmocka_unit_test(a_group_whose_server_dies_is_taken_over),
		cmocka_unit_test(
		    a_page_that_does_not_read_is_read_again_from_its_beginning),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
