/* Who of a group's members is which contact: what it takes to know, and how
 * others fail to pass for one. */
#include "group/alias.h"
#include "group/wire.h"
#include "group_fixture.h"
#include "support/bytes.h"

/* Made with openssl (Ed25519) and Python (hmac) from the definition; seeds are
 * SHA-256 of "vec:alias", "vec:group"; the member is SHA-256's Ed25519 key of
 * "vec:member". */
#define ALIAS_SEED \
	"cf8a9ff915d8bd4bf6b11d3ca0ae4cf9c78445da664d0b29e25a2c693a70e33a"
#define ALIAS_PK \
	"cebd8394dd2462aad46ab2f0bb73c06fbc7ea1b5a30e065ad66e2161ba5ef5c3"
#define GROUP_PK \
	"3cc4cc9c554a1f929ff35a9a5d27f43d457b6f362ad33e0389c1bff7a99f6b42"
#define MEMBER_PK \
	"65c9cc1836bed90f791f4632881d7934ecd3d0a9fbd8187fe511ffe5582c4222"
#define RESOLVER \
	"3b6c265e6d58dab5aa35290eda0f7ee4ae940ed4b1d4e9698e08dead5a48505b"
#define PROOF \
	"cf52639c7ea66b3475264feb85b3ec7ccf6c1e6944dc95686a22103d2ff0ce11" \
	"e3756d564bbd714220f56712c31aa0dd40aa070e84df6ee64e6f3d619b4ce90a"
#define MEMBER_PROOF \
	"e2ac0ee2803bb491c78eaaebd822b3a233b2b4141ff217a62f02bf9515fe4dd4" \
	"e4aa5f9bfa8f4f6c028e9321059593d2c504bd864e7c804d547b09e21aa0cc05"

static void
a_claim_is_made_of_the_values_that_its_definition_gives(void ** state)
{
	struct buffer seed = {0}, group = {0}, member = {0}, payload = {0};
	const uint8_t device_pk[32] = {1};
	struct ed25519_key alias;
	struct alias_claim claim;

	(void)state;
	ed25519_from_seed(&alias, bytes_hex(&seed, ALIAS_SEED).p);
	assert_hex(BYTES(alias.pub), ALIAS_PK);
	alias_claim_encode(&payload, device_pk, &alias,
	    bytes_hex(&group, GROUP_PK).p, bytes_hex(&member, MEMBER_PK).p);
	assert_int_equal(alias_claim_read(&claim, buffer_all(&payload)), 0);
	assert_hex(BYTES(claim.resolver), RESOLVER);
	assert_hex(BYTES(claim.proof), PROOF);
	assert_true(claim.bound);
	assert_hex(BYTES(claim.member_proof), MEMBER_PROOF);
	assert_int_equal(alias_claim_check(&claim, alias.pub, group.p,
	    member.p), ALIAS_BOUND);
	/* In another group, or of another alias, it proves nothing. */
	assert_int_equal(alias_claim_check(&claim, alias.pub, member.p,
	    member.p), ALIAS_NOTHING);
	assert_int_equal(alias_claim_check(&claim, group.p, group.p,
	    member.p), ALIAS_NOTHING);
	/* Of another member, only that somebody is it. */
	assert_int_equal(alias_claim_check(&claim, alias.pub, group.p,
	    group.p), ALIAS_PLAIN);
	claim.proof[5] ^= 1;
	assert_int_equal(alias_claim_check(&claim, alias.pub, group.p,
	    member.p), ALIAS_NOTHING);
	buffer_free(&seed);
	buffer_free(&group);
	buffer_free(&member);
	buffer_free(&payload);
}

/* --- a user with contacts and a group ------------------------------------- */

static struct sim * sim;
static struct party reader;       /* and the multi-member group */
static struct group * with_a, * with_e;

/* A contact's keys: account, alias; device in the contact group. */
static struct ed25519_key
account_of(char contact)
{
	return (key_of(contact, KIND_MEMBER));
}

static struct ed25519_key
alias_of(char contact)
{
	return (key_of(contact, KIND_SECRET));
}

static struct group *
open_contact_group(char contact)
{
	struct group_context context = {reader.world, reader.store,
	    reader.secrets};
	struct ed25519_key other = account_of(contact);
	struct group_config config = {.network = network_get(NETWORK_BERTY_V1),
	    .member = account_of('r'), .device = key_of('r', KIND_DEVICE)};
	struct group * g;

	assert_int_equal(group_of_contact(&config.info, NULL, &config.member,
	    other.pub), 0);
	memcpy(config.contact_pk, other.pub, 32);
	assert_int_equal(store_begin(reader.store), 0);
	assert_int_equal(group_open(&context, &config, &g, NULL), 0);
	assert_int_equal(group_activate(g, NULL), 0);
	assert_int_equal(store_commit(reader.store, NULL), 0);
	return (g);
}

static int
setup(void ** state)
{
	struct group_info info = members_group('g');

	(void)state;
	assert_int_equal(crypto_setup(), 0);
	sim = sim_new(sim_seed_wanted(1));
	party_new(&reader, sim, &info, network_get(NETWORK_BERTY_V1), 'm',
	    'm');
	party_open_group(&reader);
	party_activate(&reader);
	with_a = open_contact_group('a');
	with_e = open_contact_group('e');
	return (0);
}

static void
close_contact_groups(void)
{
	group_close(with_a);
	group_close(with_e);
	with_a = with_e = NULL;
}

static int
teardown(void ** state)
{
	(void)state;
	close_contact_groups();
	party_free(&reader);
	sim_free(sim);
	return (0);
}

/* Somebody writes into a group that the reader has. */
static void
write_to(struct group * g, unsigned type, struct slice payload,
    const struct ed25519_key * signer)
{
	const uint8_t random[24] = {3};
	struct buffer envelope = {0};

	metadata_seal(&envelope, group_info_of(g), type, payload, signer,
	    random, NULL, 0);
	(void)party_forge(&reader, group_metadata_log(g),
	    buffer_all(&envelope));
	buffer_free(&envelope);
}

static void
announce(struct group * g, const struct ed25519_key * member,
    const struct ed25519_key * device)
{
	struct buffer payload = {0};
	uint8_t sig[64];

	ed25519_sign(sig, member, BYTES(device->pub));
	wire_put_bytes(&payload, 1, BYTES(member->pub));
	wire_put_bytes(&payload, 2, BYTES(device->pub));
	wire_put_bytes(&payload, 3, BYTES(sig));
	write_to(g, EVENT_MEMBER_DEVICE_ADDED, buffer_all(&payload), device);
	buffer_free(&payload);
}

/* 201 of a contact, with whatever key; proven: with our member proof. */
static void
send_key(struct group * g, char contact, const struct ed25519_key * alias,
    bool proven)
{
	struct ed25519_key account = account_of(contact);
	struct ed25519_key device = key_of(contact, KIND_DEVICE);
	struct buffer payload = {0};
	uint8_t proof[64];

	announce(g, &account, &device);
	alias_prove_member(proof, alias, group_info_of(g)->pk, account.pub);
	wire_put_bytes(&payload, 1, BYTES(device.pub));
	wire_put_bytes(&payload, 2, BYTES(alias->pub));
	if (proven)
		wire_put_bytes(&payload, ALIAS_FIELD_MEMBER_PROOF,
		    BYTES(proof));
	write_to(g, EVENT_CONTACT_ALIAS_KEY_ADDED, buffer_all(&payload),
	    &device);
	buffer_free(&payload);
}

/* A member of the group, by letter: 1, 2, … */
static void
join(char letter)
{
	struct ed25519_key member = key_of(letter, KIND_MEMBER);
	struct ed25519_key device = key_of(letter, KIND_DEVICE);

	announce(reader.group, &member, &device);
}

/* 301 of that member, which knows the alias key; plain: without our proof. */
static void
disclose(char letter, const struct ed25519_key * alias, bool plain)
{
	struct ed25519_key member = key_of(letter, KIND_MEMBER);
	struct ed25519_key device = key_of(letter, KIND_DEVICE);
	struct buffer payload = {0};
	size_t n;

	alias_claim_encode(&payload, device.pub, alias,
	    group_info_of(reader.group)->pk, member.pub);
	/* The proof comes last: two bytes of tag … and 64. */
	n = payload.n - (plain ? 64 + 4 : 0);
	write_to(reader.group, EVENT_ALIAS_RESOLVER_ADDED,
	    slice_of(payload.p, n), &device);
	buffer_free(&payload);
}

/* 301 of a member that repeats what another one wrote. */
static void
repeat(char letter, const struct ed25519_key * alias, char of)
{
	struct ed25519_key member = key_of(of, KIND_MEMBER);
	struct ed25519_key device = key_of(letter, KIND_DEVICE);
	struct buffer payload = {0};

	alias_claim_encode(&payload, device.pub, alias,
	    group_info_of(reader.group)->pk, member.pub);
	write_to(reader.group, EVENT_ALIAS_RESOLVER_ADDED,
	    buffer_all(&payload), &device);
	buffer_free(&payload);
}

struct seen {
	unsigned n;
	uint8_t member_pk[32], contact_pk[32];
};

static int
see(void * user, const uint8_t member_pk[32], const uint8_t contact_pk[32])
{
	struct seen * s = user;

	s->n++;
	memcpy(s->member_pk, member_pk, 32);
	memcpy(s->contact_pk, contact_pk, 32);
	return (0);
}

/* The contact is that member, and nobody else is known. */
static void
expect_known(char member, char contact)
{
	struct ed25519_key m = key_of(member, KIND_MEMBER);
	struct ed25519_key c = account_of(contact);
	struct seen s = {0};

	assert_int_equal(group_each_alias(reader.group, see, &s), 0);
	assert_int_equal(s.n, 1);
	assert_memory_equal(s.member_pk, m.pub, 32);
	assert_memory_equal(s.contact_pk, c.pub, 32);
}

static void
expect_nobody(void)
{
	struct seen s = {0};

	assert_int_equal(group_each_alias(reader.group, see, &s), 0);
	assert_int_equal(s.n, 0);
}

/* --- knowing -------------------------------------------------------------- */

static void
a_contact_who_sent_its_key_and_disclosed_itself_is_known(void ** state)
{
	struct ed25519_key alias = alias_of('a');

	(void)state;
	join('1');
	disclose('1', &alias, false);
	expect_nobody();
	send_key(with_a, 'a', &alias, true);
	expect_known('1', 'a');
	close_contact_groups();
	party_reopen(&reader);
	expect_known('1', 'a');
}

static void
the_order_of_key_and_disclosure_is_of_no_matter(void ** state)
{
	struct ed25519_key alias = alias_of('a');

	(void)state;
	send_key(with_a, 'a', &alias, true);
	expect_nobody();
	join('1');
	disclose('1', &alias, false);
	expect_known('1', 'a');
}

static void
without_our_proofs_it_is_enough_that_nobody_contradicts(void ** state)
{
	struct ed25519_key alias = alias_of('a');

	(void)state;
	send_key(with_a, 'a', &alias, false);
	join('1');
	disclose('1', &alias, true);
	expect_known('1', 'a');
}

/* --- passing for another -------------------------------------------------- */

static void
who_repeats_a_disclosure_is_not_taken_for_its_writer(void ** state)
{
	struct ed25519_key alias = alias_of('a');

	(void)state;
	send_key(with_a, 'a', &alias, true);
	join('1');
	join('2');
	repeat('2', &alias, '1');
	disclose('1', &alias, false);
	expect_known('1', 'a');
}

static void
of_two_plain_disclosures_none_is_believed(void ** state)
{
	struct ed25519_key alias = alias_of('a');

	(void)state;
	send_key(with_a, 'a', &alias, true);
	join('1');
	join('2');
	disclose('1', &alias, true);
	disclose('2', &alias, true);
	expect_nobody();
}

static void
a_contact_cannot_pass_for_another_by_sending_its_key(void ** state)
{
	struct ed25519_key alias = alias_of('a');

	(void)state;
	join('1');
	disclose('1', &alias, false);
	send_key(with_a, 'a', &alias, true);
	send_key(with_e, 'e', &alias, false);
	expect_known('1', 'a');
}

static void
a_key_that_two_contacts_sent_without_proof_names_nobody(void ** state)
{
	struct ed25519_key alias = alias_of('a');

	(void)state;
	join('1');
	disclose('1', &alias, false);
	send_key(with_a, 'a', &alias, false);
	send_key(with_e, 'e', &alias, false);
	expect_nobody();
}

static void
the_account_key_that_wesh_sends_is_no_alias_key(void ** state)
{
	struct ed25519_key account = account_of('a');

	(void)state;
	send_key(with_a, 'a', &account, true);
	join('1');
	disclose('1', &account, false);
	expect_nobody();
}

static void
empty_disclosures_say_nothing(void ** state)
{
	struct ed25519_key alias = alias_of('a');
	struct ed25519_key device = key_of('1', KIND_DEVICE);
	struct buffer payload = {0};

	(void)state;
	send_key(with_a, 'a', &alias, true);
	join('1');
	wire_put_bytes(&payload, 1, BYTES(device.pub));
	write_to(reader.group, EVENT_ALIAS_RESOLVER_ADDED,
	    buffer_all(&payload), &device);
	expect_nobody();
	disclose('1', &alias, false);
	expect_known('1', 'a');
	buffer_free(&payload);
}

/* --- by ourselves --------------------------------------------------------- */

static void
our_own_key_and_disclosure_are_written_once(void ** state)
{
	struct ed25519_key alias = alias_of('r');
	uint64_t n;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(store_begin(reader.store), 0);
		assert_int_equal(group_send_alias_key(with_a, &alias, NULL), 0);
		assert_int_equal(group_disclose_alias(reader.group, &alias,
		    NULL), 0);
		assert_int_equal(store_commit(reader.store, NULL), 0);
		if (i == 0)
			n = log_arrivals(group_metadata_log(reader.group)) +
			    log_arrivals(group_metadata_log(with_a));
	}
	assert_int_equal(log_arrivals(group_metadata_log(reader.group)) +
	    log_arrivals(group_metadata_log(with_a)), n);
	/* What we told is no contact's. */
	expect_nobody();
	assert_int_equal(store_begin(reader.store), 0);
	assert_int_equal(group_send_alias_key(reader.group, &alias, NULL),
	    -ERR_ORBIT_DB_APPEND);
	assert_int_equal(group_disclose_alias(with_a, &alias, NULL),
	    -ERR_ORBIT_DB_APPEND);
	store_rollback(reader.store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_claim_is_made_of_the_values_that_its_definition_gives),
	    TEST(a_contact_who_sent_its_key_and_disclosed_itself_is_known),
	    TEST(the_order_of_key_and_disclosure_is_of_no_matter),
	    TEST(without_our_proofs_it_is_enough_that_nobody_contradicts),
	    TEST(who_repeats_a_disclosure_is_not_taken_for_its_writer),
	    TEST(of_two_plain_disclosures_none_is_believed),
	    TEST(a_contact_cannot_pass_for_another_by_sending_its_key),
	    TEST(a_key_that_two_contacts_sent_without_proof_names_nobody),
	    TEST(the_account_key_that_wesh_sends_is_no_alias_key),
	    TEST(empty_disclosures_say_nothing),
	    TEST(our_own_key_and_disclosure_are_written_once),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
