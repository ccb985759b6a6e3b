/* A context on a thread of its own, called from many. */
#include <pthread.h>

#include "library/library_fixture.h"

enum { THREADS = 8, EACH = 20 };

struct caller {
	struct party * p;
	const uint8_t * group;
	int number;
	int failed;
};

/* Threads must not call cmocka: they count what fails. */
static void *
send_many(void * user)
{
	struct caller * c = user;
	char text[40];
	uint8_t bytes[100];
	int i;

	for (i = 0; i < EACH; i++) {
		struct berty_writer w = {bytes, sizeof(bytes), 0};

		(void)snprintf(text, sizeof(text), "%d of %d", i, c->number);
		berty_put_bytes(&w, 1, c->group, 32);
		berty_put_text(&w, 2, text);
		c->failed += ask(c->p, "AppMessageSend", &w, NULL, NULL,
		    NULL) != 0;
	}
	return (NULL);
}

static void
make_group(struct party * p, uint8_t group[32])
{
	void * reply;
	size_t n;

	reply = must(p, "MultiMemberGroupCreate", NULL, &n);
	copy_field(group, reply, n, 1);
	berty_bytes_free(reply, n);
}

/* What a stream's callbacks on the loop's thread tell this one. */
struct watched {
	pthread_mutex_t lock;
	size_t n;
	size_t ended;
	bool foreign;             /* a callback came on another thread */
	pthread_t loop;
};

static int
watched_reply(void * user, berty_id call, const void * bytes, size_t n)
{
	struct watched * w = user;

	(void)call;
	(void)bytes;
	(void)n;
	(void)pthread_mutex_lock(&w->lock);
	if (w->n == 0)
		w->loop = pthread_self();
	w->foreign |= !pthread_equal(w->loop, pthread_self());
	w->n++;
	(void)pthread_mutex_unlock(&w->lock);
	return (BERTY_MORE);
}

static void
watched_end(void * user, berty_id call, const struct berty_error * err)
{
	struct watched * w = user;

	(void)call;
	(void)err;
	(void)pthread_mutex_lock(&w->lock);
	w->ended++;
	(void)pthread_mutex_unlock(&w->lock);
}

static const struct berty_handler watched_handler = {
	.size = sizeof(struct berty_handler),
	.reply = watched_reply,
	.end = watched_end,
};

static size_t
watched_n(struct watched * w)
{
	size_t n;

	(void)pthread_mutex_lock(&w->lock);
	n = w->n;
	(void)pthread_mutex_unlock(&w->lock);
	return (n);
}

static void
eight_threads_send_and_one_stream_sees_it_all(void ** state)
{
	struct watched watched = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct caller callers[THREADS];
	pthread_t threads[THREADS];
	struct party a = {0};
	struct berty * ctx;
	uint8_t group[32];
	int i;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	CALL_OK(berty_start(ctx));
	assert_int_equal(berty_start(ctx), -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(berty_run(ctx, 0), -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(berty_turn(ctx), -BERTY_ERR_INVALID_INPUT);
	party_open(&a, ctx, NULL);
	make_group(&a, group);
	{
		KEY_REQUEST(list, group);

		CALL_OK(berty_call(ctx, a.node, "GroupMessageList", list.p,
		    list.n, &watched_handler, &watched, NULL));
	}
	for (i = 0; i < THREADS; i++) {
		callers[i] = (struct caller){&a, group, i, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, send_many,
		    &callers[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(callers[i].failed, 0);
	}
	WAIT_FOR(ctx, watched_n(&watched) == (size_t)(THREADS * EACH));
	berty_free(ctx);
	assert_int_equal(watched.ended, 1);
	assert_false(watched.foreign);
}

/* Opens, uses and closes a node of its own, over and over. */
static void *
live_and_die(void * user)
{
	struct berty_node_config config = {.size = sizeof(config)};
	struct caller * c = user;
	struct party p = {.b = c->p->b};
	int i;

	for (i = 0; i < 3; i++) {
		if (berty_open(p.b, &config, &p.node, NULL) != 0) {
			c->failed++;
			continue;
		}
		c->failed += ask(&p, "MultiMemberGroupCreate", NULL, NULL,
		    NULL, NULL) != 0;
		c->failed += berty_close(p.b, p.node) != 0;
		c->failed += berty_close(p.b, p.node) != -BERTY_ERR_NOT_FOUND;
	}
	return (NULL);
}

static void
eight_threads_open_and_close_nodes_of_one_context(void ** state)
{
	struct caller callers[THREADS];
	pthread_t threads[THREADS];
	struct party a = {0};
	int i;

	(void)state;
	CALL_OK(berty_new(NULL, &a.b, NULL));
	CALL_OK(berty_start(a.b));
	for (i = 0; i < THREADS; i++) {
		callers[i] = (struct caller){&a, NULL, i, 0};
		assert_int_equal(pthread_create(&threads[i], NULL,
		    live_and_die, &callers[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(callers[i].failed, 0);
	}
	berty_free(a.b);
}

static void *
cancel_many(void * user)
{
	struct caller * c = user;
	struct watched w = {.lock = PTHREAD_MUTEX_INITIALIZER};
	berty_id call;
	int i;
	KEY_REQUEST(list, c->p->account_group);

	for (i = 0; i < EACH; i++) {
		c->failed += berty_call(c->p->b, c->p->node,
		    "GroupMetadataList", list.p, list.n, &watched_handler, &w,
		    &call) != 0;
		/* It may have ended already, never twice. */
		(void)berty_call_resume(c->p->b, call);
		(void)berty_call_cancel(c->p->b, call);
	}
	for (;;) {
		size_t ended;

		(void)pthread_mutex_lock(&w.lock);
		ended = w.ended;
		(void)pthread_mutex_unlock(&w.lock);
		if (ended == EACH)
			break;
		let_pass(c->p->b, 1);
	}
	return (NULL);
}

static void
threads_cancel_what_they_began_and_each_call_ends(void ** state)
{
	struct caller callers[THREADS];
	pthread_t threads[THREADS];
	struct party a = {0};
	struct berty * ctx;
	int i;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	CALL_OK(berty_start(ctx));
	party_open(&a, ctx, NULL);
	for (i = 0; i < THREADS; i++) {
		callers[i] = (struct caller){&a, NULL, i, 0};
		assert_int_equal(pthread_create(&threads[i], NULL,
		    cancel_many, &callers[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(callers[i].failed, 0);
	}
	berty_free(ctx);
}

static void
a_context_may_be_stopped_and_started_again(void ** state)
{
	struct party a = {0};
	struct berty * ctx;
	int i;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	CALL_OK(berty_start(ctx));
	party_open(&a, ctx, NULL);
	for (i = 0; i < 3; i++) {
		berty_stop(ctx);
		/* This thread runs it now. */
		tell(&a, "InstanceGetConfiguration", NULL);
		CALL_OK(berty_run(ctx, 0));
		CALL_OK(berty_start(ctx));
		tell(&a, "InstanceGetConfiguration", NULL);
	}
	berty_free(ctx);
}

static void
stop_it(void * user, berty_id call, const struct berty_error * err)
{
	(void)call;
	(void)err;
	berty_stop(user);
}

static void
a_callback_may_stop_the_thread_it_is_on(void ** state)
{
	static const struct berty_handler handler = {
		.size = sizeof(handler), .end = stop_it,
	};
	struct party a = {0};
	struct berty * ctx;
	uint64_t until = now_ms() + LONGEST_MS;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	CALL_OK(berty_start(ctx));
	party_open(&a, ctx, NULL);
	CALL_OK(berty_call(ctx, a.node, "InstanceGetConfiguration", NULL, 0,
	    &handler, ctx, NULL));
	while (berty_start(ctx) != 0) {
		struct timespec pause = {0, 1000000};

		assert_true(now_ms() < until);
		(void)nanosleep(&pause, NULL);
	}
	tell(&a, "InstanceGetConfiguration", NULL);
	berty_free(ctx);
}

/* A call that is waited for in a callback would wait for itself. */
static void
wait_inside(void * user, berty_id call, const struct berty_error * err)
{
	struct party * p = user;

	(void)call;
	(void)err;
	p->account[0] = berty_call_wait(p->b, p->node,
	    "InstanceGetConfiguration", NULL, 0, -1, NULL, NULL, NULL) ==
	    -BERTY_ERR_INVALID_INPUT;
	berty_stop(p->b);
}

static void
nobody_can_wait_inside_a_callback(void ** state)
{
	static const struct berty_handler handler = {
		.size = sizeof(handler), .end = wait_inside,
	};
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	party_open(&a, ctx, NULL);
	a.account[0] = 0;
	CALL_OK(berty_call(ctx, a.node, "InstanceGetConfiguration", NULL, 0,
	    &handler, &a, NULL));
	/* Until the callback stops it. */
	CALL_OK(berty_run(ctx, LONGEST_MS));
	assert_int_equal(a.account[0], 1);
	berty_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eight_threads_send_and_one_stream_sees_it_all),
		cmocka_unit_test(
		    eight_threads_open_and_close_nodes_of_one_context),
		cmocka_unit_test(
		    threads_cancel_what_they_began_and_each_call_ends),
		cmocka_unit_test(a_context_may_be_stopped_and_started_again),
		cmocka_unit_test(a_callback_may_stop_the_thread_it_is_on),
		cmocka_unit_test(nobody_can_wait_inside_a_callback),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
