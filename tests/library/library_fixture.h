/* library_fixture.h: two nodes through the C API, and nothing else. */
#ifndef BERTY_TEST_LIBRARY_FIXTURE_H
#define BERTY_TEST_LIBRARY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "berty/berty.h"
#include "berty/wire.h"

/* Nothing a test waits for takes longer. */
enum { LONGEST_MS = 60000 };

#define CALL_OK(expression) must_be_ok((expression), #expression)

static inline void
must_be_ok(int rc, const char * what)
{
	if (rc != 0)
		fail_msg("%s: %s", what, berty_error_name(rc));
}

/* A node, and what a test wants to know of it. */
struct party {
	struct berty * b;
	berty_id node;
	uint8_t account[32];
	uint8_t account_group[32];
	uint8_t seed[32];
	char listener[200];
};

static inline uint64_t
now_ms(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

/* Let a context without a thread work; with one, wait. */
static inline void
let_pass(struct berty * b, int ms)
{
	struct timespec pause = {0, (long)ms * 1000000};

	if (berty_run(b, ms) != 0)
		(void)nanosleep(&pause, NULL);
}

/* A call with one reply; the code. */
static inline int
ask(struct party * p, const char * method, const struct berty_writer * request,
    void ** reply, size_t * n, struct berty_error * err)
{
	return (berty_call_wait(p->b, p->node, method,
	    request == NULL ? NULL : request->p, request == NULL ? 0 :
	    request->n, LONGEST_MS, reply, n, err));
}

/* The same, which must succeed; the reply goes to berty_bytes_free. */
static inline void *
must(struct party * p, const char * method, const struct berty_writer * request,
    size_t * n)
{
	struct berty_error err = {0};
	void * reply = NULL;
	char text[300];

	if (ask(p, method, request, &reply, n, &err) == 0)
		return (reply);
	(void)berty_error_format(&err, text, sizeof(text));
	fail_msg("%s: %s", method, text);
	return (NULL);
}

static inline void
tell(struct party * p, const char * method, const struct berty_writer * request)
{
	size_t n;
	void * reply = must(p, method, request, &n);

	berty_bytes_free(reply, n);
}

/* Repeat a call until it succeeds. */
static inline void
insist(struct party * p, const char * method,
    const struct berty_writer * request)
{
	uint64_t until = now_ms() + LONGEST_MS;

	while (ask(p, method, request, NULL, NULL, NULL) != 0) {
		if (now_ms() > until)
			fail_msg("%s does not succeed", method);
		let_pass(p->b, 20);
	}
}

static inline void
copy_field(uint8_t to[32], const void * p, size_t n, unsigned field)
{
	struct berty_field f = berty_get(p, n, field);

	assert_int_equal(f.n, 32);
	memcpy(to, f.p, 32);
}

/* Open a node in memory on the loopback; it keeps `peer` connected. */
static inline void
party_open(struct party * p, struct berty * b, const struct party * peer)
{
	const char * listeners[] = {"/ip4/127.0.0.1/tcp/0", NULL};
	const char * peers[] = {peer == NULL ? NULL : peer->listener, NULL};
	struct berty_node_config config = {
		.size = sizeof(config),
		.listeners = listeners,
		.static_peers = peers,
	};
	struct berty_field f;
	void * reply;
	size_t n;

	p->b = b;
	CALL_OK(berty_open(b, &config, &p->node, NULL));
	reply = must(p, "InstanceGetConfiguration", NULL, &n);
	copy_field(p->account, reply, n, 1);
	copy_field(p->account_group, reply, n, 3);
	f = berty_get(reply, n, 5);
	assert_in_range(f.n, 1, sizeof(p->listener) - 1);
	memcpy(p->listener, f.p, f.n);
	p->listener[f.n] = '\0';
	berty_bytes_free(reply, n);
	reply = must(p, "ContactRequestEnable", NULL, &n);
	copy_field(p->seed, reply, n, 1);
	berty_bytes_free(reply, n);
}

/* A request with one field of 32 bytes. */
#define KEY_REQUEST(name, key) \
	uint8_t name##_bytes[64]; \
	struct berty_writer name = {name##_bytes, sizeof(name##_bytes), 0}; \
	berty_put_bytes(&name, 1, (key), 32)

static inline void
contact_group(struct party * p, const struct party * of, uint8_t group[32])
{
	struct berty_field f;
	void * reply;
	size_t n;
	KEY_REQUEST(accept, of->account);

	/* GroupInfo of a contact: the second field. */
	accept.n = 0;
	berty_put_bytes(&accept, 2, of->account, 32);
	reply = must(p, "GroupInfo", &accept, &n);
	f = berty_get(reply, n, 1);
	copy_field(group, f.p, f.n, 1);
	berty_bytes_free(reply, n);
}

/* b asks, a accepts; group is theirs, and open on both sides. */
static inline void
befriend(struct party * a, struct party * b, uint8_t group[32])
{
	uint8_t contact_bytes[100], request_bytes[120], same[32];
	struct berty_writer contact = {contact_bytes, sizeof(contact_bytes), 0};
	struct berty_writer request = {request_bytes, sizeof(request_bytes), 0};
	KEY_REQUEST(accept, b->account);

	berty_put_bytes(&contact, 1, a->account, 32);
	berty_put_bytes(&contact, 2, a->seed, 32);
	berty_put_bytes(&request, 1, contact.p, contact.n);
	tell(b, "ContactRequestSend", &request);
	insist(a, "ContactRequestAccept", &accept);
	contact_group(a, b, group);
	contact_group(b, a, same);
	assert_memory_equal(group, same, 32);
	{
		KEY_REQUEST(activate, group);

		insist(a, "ActivateGroup", &activate);
		insist(b, "ActivateGroup", &activate);
	}
}

static inline void
say(struct party * p, const uint8_t group[32], const char * text)
{
	uint8_t bytes[400];
	struct berty_writer w = {bytes, sizeof(bytes), 0};

	berty_put_bytes(&w, 1, group, 32);
	berty_put_text(&w, 2, text);
	assert_true(w.n <= w.size);
	tell(p, "AppMessageSend", &w);
}

/* A list that is read to its end, or as it grows. */
struct reading {
	size_t n;                 /* replies */
	size_t begun;
	size_t ended;
	int code;                 /* outermost, of the end */
	char last[300];           /* text of the last message */
	size_t enough_at;         /* says so at that many replies; 0: never */
	berty_id call;
};

static inline void
reading_begin(void * user, berty_id call)
{
	struct reading * r = user;

	r->begun++;
	(void)call;
}

static inline int
reading_reply(void * user, berty_id call, const void * bytes, size_t n)
{
	struct berty_field text = berty_get(bytes, n, 3);
	struct reading * r = user;

	(void)call;
	assert_int_equal(r->ended, 0);
	assert_true(text.n < sizeof(r->last));
	if (text.n > 0)
		memcpy(r->last, text.p, text.n);
	r->last[text.n] = '\0';
	r->n++;
	return (r->n == r->enough_at ? BERTY_ENOUGH : BERTY_MORE);
}

static inline void
reading_end(void * user, berty_id call, const struct berty_error * err)
{
	struct reading * r = user;

	(void)call;
	r->ended++;
	r->code = err == NULL ? 0 : err->code[0];
}

static const struct berty_handler reading_handler = {
	.size = sizeof(struct berty_handler),
	.begin = reading_begin,
	.reply = reading_reply,
	.end = reading_end,
};

static inline void
read_messages(struct party * p, const uint8_t group[32], struct reading * r,
    bool until_now)
{
	uint8_t bytes[64];
	struct berty_writer w = {bytes, sizeof(bytes), 0};

	berty_put_bytes(&w, 1, group, 32);
	if (until_now)
		berty_put_number(&w, 5, 1);
	CALL_OK(berty_call(p->b, p->node, "GroupMessageList", w.p, w.n,
	    &reading_handler, r, &r->call));
}

/* Run a context without a thread until a condition holds. */
#define WAIT_FOR(b, condition) do { \
	uint64_t wait_until = now_ms() + LONGEST_MS; \
	while (!(condition)) { \
		if (now_ms() > wait_until) \
			fail_msg("never: %s", #condition); \
		let_pass((b), 5); \
	} \
} while (0)

#endif /* !BERTY_TEST_LIBRARY_FIXTURE_H */
