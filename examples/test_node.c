/*
 * test_node.c: a test of a program's own, on the simulator: two nodes, a link
 * that is cut, and hours that pass in no time.
 */
#include <berty/berty.h>
#include <berty/sim.h>
#include <berty/wire.h>
#include <stdio.h>
#include <stdlib.h>

static struct berty_sim * sim;

struct user {
	struct berty_sim_node * place;
	struct berty * b;
	berty_id node;
	unsigned char account[32], seed[32], reply[2000];
	size_t reply_n;
	bool over, failed;
	unsigned heard;
};

static void
check(bool holds, const char * text)
{
	if (!berty_sim_holds(sim, holds, text))
		exit(1);
}
#define CHECK(condition) check((condition), #condition)

static int
on_reply(void * user, berty_id call, const void * bytes, size_t n)
{
	struct user * u = user;

	(void)call;
	if (n <= sizeof(u->reply))
		memcpy(u->reply, bytes, u->reply_n = n);
	return (BERTY_MORE);
}

static void
on_end(void * user, berty_id call, const struct berty_error * err)
{
	struct user * u = user;

	(void)call;
	u->over = true;
	u->failed = err != NULL;
}

static bool
is_over(void * user)
{
	return (((struct user *)user)->over);
}

/* A call, and as much virtual time as it takes. */
static bool
ask(struct user * u, const char * method, const struct berty_writer * w)
{
	struct berty_handler h = {sizeof(h), NULL, on_reply, NULL, on_end};

	u->over = false;
	CHECK(berty_call(u->b, u->node, method, w == NULL ? NULL : w->p,
	    w == NULL ? 0 : w->n, &h, u, NULL) == 0);
	CHECK(berty_sim_run_until(sim, is_over, u, 60000));
	return (!u->failed);
}

static int
on_message(void * user, berty_id call, const void * bytes, size_t n)
{
	(void)call, (void)bytes, (void)n;
	((struct user *)user)->heard++;
	return (BERTY_MORE);
}

static void
nothing(void * user, berty_id call, const struct berty_error * err)
{
	(void)user, (void)call, (void)err;
}

static bool
has_heard(void * user)
{
	return (((struct user *)user)->heard > 0);
}

static void
open_user(struct user * u, const char * peer)
{
	static const char * const listeners[] = {"/ip4/0.0.0.0/tcp/4001", NULL};
	static const unsigned char key[32] = {1};
	const char * peers[] = {peer, NULL};
	struct berty_config config = {.size = sizeof(config)};
	struct berty_node_config node = {.size = sizeof(node), .key = key,
	    .listeners = listeners, .static_peers = peers};

	u->place = berty_sim_node_new(sim);
	config.world = berty_sim_world(u->place);
	node.storage = berty_sim_storage(u->place);
	CHECK(berty_new(&config, &u->b, NULL) == 0);
	CHECK(berty_open(u->b, &node, &u->node, NULL) == 0);
	CHECK(ask(u, "ContactRequestEnable", NULL));
	memcpy(u->seed, berty_get(u->reply, u->reply_n, 1).p, 32);
	CHECK(ask(u, "InstanceGetConfiguration", NULL));
	memcpy(u->account, berty_get(u->reply, u->reply_n, 1).p, 32);
}

int
main(void)
{
	static const struct berty_sim_link cut = {.cut = true};
	struct berty_handler list = {sizeof(list), NULL, on_message, NULL,
	    nothing};
	static struct user alice, bob;
	unsigned char bytes[200], inner[100], group[32];
	struct berty_writer w = {bytes, sizeof(bytes), 0};
	struct berty_writer contact = {inner, sizeof(inner), 0};
	struct berty_field f;
	char address[200];

	sim = berty_sim_new(berty_sim_seed_wanted(1));
	open_user(&alice, NULL);
	f = berty_get(alice.reply, alice.reply_n, 5);
	(void)snprintf(address, sizeof(address), "%.*s", (int)f.n,
	    (const char *)f.p);
	open_user(&bob, address);

	berty_put_bytes(&contact, 1, alice.account, 32);
	berty_put_bytes(&contact, 2, alice.seed, 32);
	berty_put_bytes(&w, 1, inner, contact.n);
	CHECK(ask(&bob, "ContactRequestSend", &w));
	w.n = 0;
	berty_put_bytes(&w, 1, bob.account, 32);
	while (!ask(&alice, "ContactRequestAccept", &w))
		berty_sim_run_for(sim, 1000);
	w.n = 0;
	berty_put_bytes(&w, 2, bob.account, 32);
	CHECK(ask(&alice, "GroupInfo", &w));
	f = berty_get(alice.reply, alice.reply_n, 1);
	memcpy(group, berty_get(f.p, f.n, 1).p, 32);
	w.n = 0;
	berty_put_bytes(&w, 1, group, 32);
	while (!ask(&bob, "ActivateGroup", &w))
		berty_sim_run_for(sim, 1000);
	CHECK(berty_call(bob.b, bob.node, "GroupMessageList", bytes, w.n,
	    &list, &bob, NULL) == 0);

	/* What is said while the link is cut comes when it is back. */
	berty_sim_link(alice.place, bob.place, &cut);
	berty_put_text(&w, 2, "can you hear me?");
	CHECK(ask(&alice, "AppMessageSend", &w));
	berty_sim_run_for(sim, 3600 * 1000);
	CHECK(bob.heard == 0);
	berty_sim_link(alice.place, bob.place, NULL);
	CHECK(berty_sim_run_until(sim, has_heard, &bob, 600 * 1000));

	printf("heard after %.1f virtual hours\n",
	    (double)berty_sim_now(sim) / 3600e3);
	berty_free(alice.b);
	berty_free(bob.b);
	berty_sim_free(sim);
	return (0);
}
