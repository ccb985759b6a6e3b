/* What registrants seal for a relay, what its operator gives it, and what a
 * provider answers. */
#include <stdlib.h>

#include "codec/protobuf.h"
#include "fuzz/fuzz.h"
#include "group/push.h"
#include "services/push_apns.h"
#include "services/push_fcm.h"
#include "services/push_relay.h"
#include "services/push_unified.h"
#include "support/push_keys.h"
#include "world/sim/sim.h"

/* A web that answers everything with the same bytes, when it is told to. */
#define PENDING_MAX 16

struct pending {
	struct web web;
	struct slice answer;
	struct web_request * requests[PENDING_MAX];
	size_t n;
};

static int
keep(struct web * w, struct web_request * r)
{
	struct pending * p = w->impl;

	FUZZ_CHECK(p->n < PENDING_MAX);
	p->requests[p->n++] = r;
	return (0);
}

static void
drop(struct web * w, struct web_request * r)
{
	struct pending * p = w->impl;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->requests[i] == r)
			p->requests[i] = p->requests[--p->n];
}

static const struct web_ops web_ops = {keep, drop};

static void
answer_all(struct pending * p)
{
	while (p->n > 0) {
		struct web_request * r = p->requests[--p->n];

		r->status = p->answer.n > 0 && p->answer.p[0] & 1 ? 200 : 400;
		if (strcmp(r->url, "https://oauth") == 0)
			r->status = 200;
		buffer_slice(&r->answer, p->answer);
		r->done(r, 0);
	}
}

static void
ended(void * user, int status, const struct error * err)
{
	int * n = user;

	FUZZ_CHECK((status == 0) == (err->n == 0));
	(*n)++;
}

static void
add_all(struct push_relay * r, struct world * world, struct web * web)
{
	struct push_apns_config apns = {.world = world, .web = web,
	    .bundle = "a", .endpoint = "https://apple", .team = "T",
	    .key_id = "K", .key = slice_text(push_ec_pem)};
	struct push_fcm_config fcm = {.world = world, .web = web,
	    .bundle = "a", .endpoint = "https://google"};
	struct push_unified_config unified = {.web = web, .bundle = "a"};
	struct push_provider * p[3];
	struct buffer account = {0};
	struct error err = {0};
	size_t i;

	push_account(&account, "https://oauth");
	fcm.account = buffer_all(&account);
	FUZZ_CHECK(push_apns_new(&p[0], &apns, &err) == 0);
	FUZZ_CHECK(push_fcm_new(&p[1], &fcm, &err) == 0);
	FUZZ_CHECK(push_unified_new(&p[2], &unified, &err) == 0);
	for (i = 0; i < 3; i++)
		FUZZ_CHECK(push_relay_add(r, p[i], &err) == 0);
	buffer_free(&account);
}

/* Sealed as it is: as what a device of each type says. */
static void
push(struct push_relay * r, struct slice in, int * n)
{
	static const uint8_t envelope[] = {10, 24, [26] = 18, 1, 'b'};
	static const uint8_t random[32] = {3};
	static const uint8_t types[][3] = {{8, 2, 0}, {8, 3, 0},
	    {8, 0xd8, 0x36}};
	struct buffer clear = {0}, sealed[4] = {{0}, {0}, {0}, {0}};
	struct slice tokens[5] = {in};
	struct push_request q = {.envelope = slice_of(envelope,
	    sizeof(envelope)), .tokens = tokens, .n = 5};
	struct push_job * job;
	struct error err = {0};
	uint8_t key[32] = {9};
	size_t i;

	if (in.n > PUSH_TOKEN_MAX / 2)
		tokens[0] = slice_of(in.p, PUSH_TOKEN_MAX / 2);
	in = tokens[0];
	FUZZ_CHECK(push_token_seal(&sealed[3], in, push_relay_public_key(r),
	    random) == 0);
	for (i = 0; i < 3; i++) {
		buffer_clear(&clear);
		buffer_append(&clear, types[i], i == 2 ? 3 : 2);
		buffer_append(&clear, "\x12\x01" "a\x1a", 4);
		buffer_uvarint(&clear, in.n);
		buffer_slice(&clear, in);
		buffer_append(&clear, "\x22\x20", 2);
		buffer_append(&clear, key, 32);
		FUZZ_CHECK(push_token_seal(&sealed[i], buffer_all(&clear),
		    push_relay_public_key(r), random) == 0);
	}
	for (i = 0; i < 4; i++)
		tokens[i + 1] = buffer_all(&sealed[i]);
	FUZZ_CHECK(push_relay_send(r, &q, ended, n, &job, &err) == 0);
	for (i = 0; i < 4; i++)
		buffer_free(&sealed[i]);
	buffer_free(&clear);
}

static void
check_files(struct slice in, struct world * world, struct web * web)
{
	struct push_apns_certificate c;
	struct push_fcm_config fcm = {.world = world, .web = web,
	    .bundle = "a", .endpoint = "https://google", .account = in};
	struct push_provider * p;
	struct error err = {0};

	if (push_apns_certificate(&c, in, &err) == 0)
		push_apns_certificate_free(&c);
	if (push_fcm_new(&p, &fcm, &err) == 0)
		push_provider_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t size)
{
	static const uint8_t key[32] = {7};
	struct slice in = slice_of(data, size);
	struct sim * sim = sim_new(1);
	struct world * world = sim_node(sim);
	struct push_relay * r = push_relay_new(world, NULL, key);
	struct pending web = {.answer = in};
	int n = 0;

	web.web = (struct web){.ops = &web_ops, .impl = &web};
	add_all(r, world, &web.web);
	push(r, in, &n);
	sim_run_for(sim, 10);
	answer_all(&web);
	FUZZ_CHECK(n == 1);
	check_files(in, world, &web.web);
	push_relay_free(r);
	sim_free(sim);
	return (0);
}
