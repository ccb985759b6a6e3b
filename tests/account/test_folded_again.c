/* A store of a version that passed events over is opened by one that knows
 * them. */
#include "account/account_fixture.h"

#include "account/account_push.h"
#include "account/account_token.h"
#include "account/account_impl.h"
#include "group/group_impl.h"
#include "group/replicating.h"

typedef Berty__Protocol__V1__ServiceToken Token;

static const uint8_t relay[32] = {5};

static void
add_token(struct home * h, char * text, char id[TOKEN_ID_SIZE + 1])
{
	Token token = BERTY__PROTOCOL__V1__SERVICE_TOKEN__INIT;

	token.token = text;
	token.authentication_url = (char[]){"https://auth.example"};
	assert_int_equal(account_token_add(h->account, &token, id, NULL), 0);
}

/* Two tokens of which one is removed, a push token, and two servers. */
static void
write_events(struct home * h, char kept[TOKEN_ID_SIZE + 1],
    char removed[TOKEN_ID_SIZE + 1])
{
	struct group * g = account_group(h->account);
	struct push_receiver receiver = {.token_type = 3,
	    .bundle_id = slice_text("app"), .token = slice_text("phone")};
	struct buffer payload = {0};

	assert_int_equal(store_begin(h->store), 0);
	add_token(h, (char[]){"kept"}, kept);
	add_token(h, (char[]){"removed"}, removed);
	assert_int_equal(account_token_remove(h->account, removed, NULL), 0);
	assert_int_equal(account_push_set_token(h->account, &receiver, NULL),
	    0);
	assert_int_equal(account_push_set_server(h->account, relay,
	    slice_text("relay.example:1"), NULL), 0);
	replicating_encode(&payload, account_keys(h->account)->device.pub,
	    slice_text("https://auth.example"), slice_text("rpl.example:1"),
	    (struct slice){0});
	assert_int_equal(group_write_event(g, EVENT_GROUP_REPLICATING,
	    buffer_all(&payload), &account_keys(h->account)->device, NULL,
	    NULL), 0);
	buffer_free(&payload);
	assert_int_equal(store_commit(h->store, NULL), 0);
}

static void
delete(struct home * h, enum store_table table, struct slice name)
{

	assert_int_equal(store_delete(h->store, table,
	    group_scope(account_group(h->account)), name), 0);
}

static void
delete_register(struct home * h, enum store_table table, const char * prefix,
    const char * suffix)
{
	struct buffer name = {0};

	buffer_text(&name, prefix);
	buffer_append(&name, account_keys(h->account)->device.pub, 32);
	buffer_text(&name, suffix);
	delete(h, table, buffer_all(&name));
	buffer_free(&name);
}

/* As a store was that folded roles, and passed over the rest. */
static void
forget(struct home * h, const char * kept, const char * removed)
{

	assert_int_equal(store_begin(h->store), 0);
	delete(h, STORE_SERVICE_TOKEN, slice_text(kept));
	delete(h, STORE_SERVICE_TOKEN, slice_text(removed));
	delete_register(h, STORE_ACCOUNT, "push token:", "");
	delete_register(h, STORE_ACCOUNT, "push server:", "");
	delete_register(h, STORE_REPLICATING, "", "rpl.example:1");
	assert_int_equal(store_put(h->store, STORE_ROLE,
	    account_group(h->account)->todo, slice_text("folded"),
	    slice_text("1")), 0);
	assert_int_equal(store_commit(h->store, NULL), 0);
}

static int
count_token(void * user, const char * id, const Token * token)
{

	(void)id;
	assert_string_equal(token->token, "kept");
	++*(size_t *)user;
	return (0);
}

/* How much of what was written is known. */
static size_t
known(struct home * h)
{
	struct account * a = h->account;
	struct buffer value = {0};
	size_t n = 0;

	assert_int_equal(account_each_token(a, count_token, &n), 0);
	n += account_push_token(a, &value) == 0;
	n += account_push_server(a, &value) == 0;
	n += replicating_has(h->store, group_scope(account_group(a)),
	    account_keys(a)->device.pub, slice_text("rpl.example:1")) == 1;
	buffer_free(&value);
	return (n);
}

static void
what_a_version_passed_over_is_folded_by_the_next_one(void ** state)
{
	char kept[TOKEN_ID_SIZE + 1], removed[TOKEN_ID_SIZE + 1];
	struct home h;

	(void)state;
	home_new(&h, 1);
	write_events(&h, kept, removed);
	assert_int_equal(known(&h), 4);
	forget(&h, kept, removed);
	assert_int_equal(known(&h), 0);
	home_reopen(&h);
	assert_int_equal(known(&h), 4);
	home_free(&h);
}

/* It is done once: opening takes as long as before. */
static void
what_was_folded_once_is_not_folded_again(void ** state)
{
	char kept[TOKEN_ID_SIZE + 1], removed[TOKEN_ID_SIZE + 1];
	struct home h;

	(void)state;
	home_new(&h, 2);
	write_events(&h, kept, removed);
	forget(&h, kept, removed);
	home_reopen(&h);
	assert_int_equal(store_begin(h.store), 0);
	delete(&h, STORE_SERVICE_TOKEN, slice_text(kept));
	assert_int_equal(store_commit(h.store, NULL), 0);
	home_reopen(&h);
	assert_int_equal(known(&h), 3);
	home_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_a_version_passed_over_is_folded_by_the_next_one),
		cmocka_unit_test(what_was_folded_once_is_not_folded_again),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
