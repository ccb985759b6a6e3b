/* test_library_talk.c: a chat without protobuf. */
#include "library_fixture.h"

#include "berty/talk.h"

/* One side of a talk and what it was told. */
struct side {
	struct berty * b;
	berty_id node;
	int asked, opened, opened_group, said, said_mine, failed;
	uint8_t asker[32], group[32];
	char about[64], text[64];
	bool say_yes;
};

static void
keep(char to[64], const void * p, size_t n)
{
	assert_in_range(n, 0, 63);
	memcpy(to, p, n);
	to[n] = '\0';
}

static void
on_asked(void * user, const uint8_t contact[32], const void * about, size_t n)
{
	struct side * s = user;

	s->asked++;
	memcpy(s->asker, contact, 32);
	keep(s->about, about, n);
	if (s->say_yes)
		CALL_OK(berty_talk_accept(s->b, s->node, contact, NULL, NULL));
}

static void
on_opened(void * user, const uint8_t group[32], const uint8_t * contact)
{
	struct side * s = user;

	if (contact == NULL) {
		s->opened_group++;
		return;
	}
	s->opened++;
	memcpy(s->group, group, 32);
}

static void
on_said(void * user, const struct berty_talk_message * m)
{
	struct side * s = user;

	assert_memory_equal(m->group, s->group, 32);
	assert_true(m->id_n > 0);
	if (m->mine) {
		s->said_mine++;
		return;
	}
	s->said++;
	keep(s->text, m->bytes, m->n);
}

static void
on_failed(void * user, const struct berty_error * err)
{
	(void)err;
	((struct side *)user)->failed++;
}

static void
side_open(struct side * s, struct berty * b, const char * folder)
{
	const char * listeners[] = {"/ip4/127.0.0.1/tcp/0", NULL};
	struct berty_node_config config = {.size = sizeof(config),
	    .folder = folder, .listeners = listeners};

	memset(s, 0, sizeof(*s));
	s->b = b;
	CALL_OK(berty_open(b, &config, &s->node, NULL));
}

static void
side_follow(struct side * s, unsigned flags)
{
	struct berty_talk_handler h = {.size = sizeof(h), .asked = on_asked,
	    .opened = on_opened, .said = on_said, .failed = on_failed};

	CALL_OK(berty_talk_begin(s->b, s->node, &h, s, flags));
}

/* Let time pass until a count is reached. */
static void
until(struct berty * b, const int * count, int wanted, const char * what)
{
	uint64_t last = now_ms() + LONGEST_MS;

	while (*count < wanted) {
		if (now_ms() > last)
			fail_msg("%s: %d of %d", what, *count, wanted);
		(void)berty_run(b, 20);
	}
	assert_int_equal(*count, wanted);
}

static void
count_done(void * user, const struct berty_error * err)
{
	assert_null(err);
	(*(int *)user)++;
}

static void
speak(struct side * s, const char * text, int * done)
{
	CALL_OK(berty_talk_say(s->b, s->node, s->group, text, strlen(text),
	    count_done, done));
}

/* Two who know each other by link. */
static void
meet(struct berty * b, struct side * alice, struct side * bob)
{
	char * link;

	alice->say_yes = true;
	side_follow(alice, 0);
	side_follow(bob, 0);
	CALL_OK(berty_talk_link(b, alice->node, "Alice", BERTY_LINK_WEB, &link,
	    NULL));
	CALL_OK(berty_talk_use_link(b, bob->node, link, "Bob", 3, NULL));
	free(link);
	until(b, &alice->opened, 1, "alice's conversation");
	until(b, &bob->opened, 1, "bob's conversation");
	assert_int_equal(alice->asked, 1);
	assert_string_equal(alice->about, "Bob");
	assert_memory_equal(alice->group, bob->group, 32);
}

static void
a_link_leads_to_a_conversation_in_which_both_hear_each_other(void ** state)
{
	struct side alice, bob;
	struct berty * b;
	int done = 0;

	(void)state;
	CALL_OK(berty_new(NULL, &b, NULL));
	side_open(&alice, b, NULL);
	side_open(&bob, b, NULL);
	meet(b, &alice, &bob);
	speak(&alice, "hello bob", &done);
	until(b, &bob.said, 1, "what alice said");
	assert_string_equal(bob.text, "hello bob");
	speak(&bob, "hello alice", &done);
	until(b, &alice.said, 1, "what bob said");
	assert_string_equal(alice.text, "hello alice");
	until(b, &alice.said_mine, 1, "alice's own");
	assert_int_equal(done, 2);
	assert_int_equal(alice.failed + bob.failed, 0);
	berty_free(b);
}

static void
who_was_not_answered_asks_again_after_a_start(void ** state)
{
	char folder[] = "/tmp/berty-talk-XXXXXX", command[100];
	struct side alice, bob;
	struct berty * b;
	char * link;

	(void)state;
	assert_non_null(mkdtemp(folder));
	CALL_OK(berty_new(NULL, &b, NULL));
	side_open(&alice, b, folder);
	side_open(&bob, b, NULL);
	side_follow(&alice, 0);
	CALL_OK(berty_talk_link(b, alice.node, NULL, BERTY_LINK_INTERNAL, &link,
	    NULL));
	CALL_OK(berty_talk_use_link(b, bob.node, link, "Bob", 3, NULL));
	free(link);
	until(b, &alice.asked, 1, "the request");
	CALL_OK(berty_close(b, alice.node));
	assert_int_equal(alice.failed, 0);

	side_open(&alice, b, folder);
	side_follow(&alice, 0);
	until(b, &alice.asked, 1, "the request of earlier");
	assert_string_equal(alice.about, "Bob");
	CALL_OK(berty_talk_accept(b, alice.node, alice.asker, NULL, NULL));
	until(b, &alice.opened, 1, "the conversation");
	CALL_OK(berty_close(b, alice.node));

	/* Answered is answered. */
	side_open(&alice, b, folder);
	side_follow(&alice, 0);
	until(b, &alice.opened, 1, "the conversation of earlier");
	assert_int_equal(alice.asked, 0);
	berty_free(b);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static void
what_was_said_earlier_comes_unless_it_is_not_wanted(void ** state)
{
	struct side alice, bob, again, news;
	struct berty * b;
	int done = 0;

	(void)state;
	CALL_OK(berty_new(NULL, &b, NULL));
	side_open(&alice, b, NULL);
	side_open(&bob, b, NULL);
	meet(b, &alice, &bob);
	speak(&alice, "one", &done);
	until(b, &bob.said, 1, "one");
	again = news = (struct side){.b = b, .node = bob.node};
	side_follow(&again, 0);
	side_follow(&news, BERTY_TALK_NEW);
	until(b, &again.said, 1, "one, again");
	until(b, &news.opened, 1, "the conversation");
	speak(&alice, "two", &done);
	until(b, &again.said, 2, "two");
	until(b, &news.said, 1, "two, as news");
	assert_string_equal(news.text, "two");
	berty_free(b);
}

static void
a_group_is_joined_by_its_link(void ** state)
{
	struct berty_link link = {.kind = BERTY_LINK_GROUP};
	struct party owner = {0};
	struct side member;
	struct berty_field g;
	struct berty * b;
	char * text;
	void * reply;
	size_t n;

	(void)state;
	CALL_OK(berty_new(NULL, &b, NULL));
	party_open(&owner, b, NULL);
	side_open(&member, b, NULL);
	side_follow(&member, 0);
	reply = must(&owner, "MultiMemberGroupCreate", NULL, &n);
	g = berty_get(reply, n, 1);
	{
		uint8_t bytes[64];
		struct berty_writer w = {bytes, sizeof(bytes), 0};
		void * invitation;
		size_t size;
		struct berty_field f;

		berty_put_bytes(&w, 1, g.p, g.n);
		invitation = must(&owner, "MultiMemberGroupInvitationCreate",
		    &w, &size);
		g = berty_get(invitation, size, 1);
		link.group.present = link.group.keys.present = true;
		f = berty_get(g.p, g.n, 1);
		link.group.keys.public_key =
		    (struct berty_link_bytes){f.p, f.n};
		f = berty_get(g.p, g.n, 2);
		link.group.keys.secret = (struct berty_link_bytes){f.p, f.n};
		f = berty_get(g.p, g.n, 3);
		link.group.keys.secret_sig =
		    (struct berty_link_bytes){f.p, f.n};
		link.group.keys.group_type =
		    (int)berty_get(g.p, g.n, 4).number;
		CALL_OK(berty_link_add_address(&link, owner.listener));
		CALL_OK(berty_link_write(&link, BERTY_LINK_WEB, &text, NULL));
		berty_bytes_free(invitation, size);
	}
	berty_bytes_free(reply, n);
	CALL_OK(berty_talk_use_link(b, member.node, text, NULL, 0, NULL));
	until(b, &member.opened_group, 1, "the group's conversation");
	free(text);
	berty_link_free(&link);
	berty_free(b);
}

static void
a_link_that_is_no_good_is_refused_with_a_reason(void ** state)
{
	struct berty_error err = {0};
	struct side s;
	struct berty * b;

	(void)state;
	CALL_OK(berty_new(NULL, &b, NULL));
	side_open(&s, b, NULL);
	assert_int_equal(berty_talk_use_link(b, s.node, "https://example.org",
	    NULL, 0, &err), -BERTY_ERR_INVALID_INPUT);
	assert_true(err.n > 0);
	assert_string_not_equal(err.text, "");
	assert_int_equal(berty_talk_say(b, s.node + 1000, s.group, "x", 1, NULL,
	    NULL), -BERTY_ERR_NOT_FOUND);
	berty_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_link_leads_to_a_conversation_in_which_both_hear_each_other),
		cmocka_unit_test(who_was_not_answered_asks_again_after_a_start),
		cmocka_unit_test(
		    what_was_said_earlier_comes_unless_it_is_not_wanted),
		cmocka_unit_test(a_group_is_joined_by_its_link),
		cmocka_unit_test(
		    a_link_that_is_no_good_is_refused_with_a_reason),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
