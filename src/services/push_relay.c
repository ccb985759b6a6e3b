/* push_relay.c: requests take turns, one device at a time, so that one with
 * thousands of them keeps nobody else waiting. */
#include "services/push_relay.h"

#include <stdio.h>
#include <stdlib.h>

#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "group/push.h"

/* Tokens that are opened before others have their turn: some ms. */
#define TURN 16

typedef Berty__Protocol__V1__PushServiceReceiver Receiver;

struct push_relay {
	struct world * world;
	const struct logger * log;
	uint8_t private_key[32], public_key[32];
	struct push_provider ** providers;
	size_t n;
	struct world_timer turn;
	struct list jobs;         /* with deliveries that wait */
	struct list others;       /* whose deliveries all run */
	size_t waiting, waiting_bytes, running;
};

/* A request. */
struct push_job {
	struct push_relay * relay;
	struct buffer envelope;
	bool low;
	size_t n, left, failed;   /* devices; not tried yet; in vain */
	struct error first;       /* why the first was */
	struct list waiting, running;
	struct list place;
	void (*done)(void * user, int status, const struct error * err);
	void * user;
};

/* One device of it. */
struct delivery {
	struct push_errand errand;
	struct push_job * job;
	struct list place;
	struct buffer payload;
	Receiver * receiver;
	size_t n;
	uint8_t token[];          /* opaque */
};

/* --- a relay -------------------------------------------------------------- */

static void take_turn(struct world_timer * timer);

struct push_relay *
push_relay_new(struct world * world, const struct logger * log,
    const uint8_t private_key[32])
{
	struct push_relay * r = calloc(1, sizeof(*r));

	if (r == NULL)
		return (NULL);
	r->world = world;
	r->log = log;
	memcpy(r->private_key, private_key, 32);
	x25519_base(r->public_key, private_key);
	r->turn.fire = take_turn;
	list_init(&r->jobs);
	list_init(&r->others);
	return (r);
}

static struct push_provider *
find_provider(const struct push_relay * r, int type, const char * bundle)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if ((int)r->providers[i]->type == type &&
		    strcmp(r->providers[i]->bundle, bundle) == 0)
			return (r->providers[i]);
	return (NULL);
}

int
push_relay_add(struct push_relay * r, struct push_provider * p,
    struct error * err)
{
	struct push_provider ** more;
	int rc;

	if (find_provider(r, (int)p->type, p->bundle) != NULL) {
		rc = error_set(err, ERR_INVALID_INPUT, "the app %.80s is there "
		    "twice for tokens of type %d", p->bundle, (int)p->type);
		push_provider_free(p);
		return (rc);
	}
	if ((more = realloc(r->providers, (r->n + 1) * sizeof(*more))) ==
	    NULL) {
		push_provider_free(p);
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	}
	r->providers = more;
	r->providers[r->n++] = p;
	return (0);
}

const uint8_t *
push_relay_public_key(const struct push_relay * r)
{
	return (r->public_key);
}

const struct push_provider *
push_relay_provider(const struct push_relay * r, size_t n)
{
	return (n < r->n ? r->providers[n] : NULL);
}

size_t
push_relay_waiting(const struct push_relay * r)
{
	return (r->waiting);
}

size_t
push_relay_running(const struct push_relay * r)
{
	return (r->running);
}

/* --- ends ----------------------------------------------------------------- */

static void
free_delivery(struct delivery * d)
{
	list_remove(&d->place);
	buffer_free(&d->payload);
	if (d->receiver != NULL)
		protobuf_free(d->receiver);
	free(d);
}

static void
free_job(struct push_job * job)
{
	struct list * place, * next;

	list_each(place, next, &job->waiting)
		free_delivery(list_entry(place, struct delivery, place));
	list_each(place, next, &job->running)
		free_delivery(list_entry(place, struct delivery, place));
	list_remove(&job->place);
	buffer_free(&job->envelope);
	free(job);
}

static void
free_jobs(struct list * jobs)
{
	struct list * place, * next;

	list_each(place, next, jobs)
		free_job(list_entry(place, struct push_job, place));
}

void
push_relay_free(struct push_relay * r)
{
	size_t i;

	if (r == NULL)
		return;
	world_timer_stop(r->world, &r->turn);
	for (i = 0; i < r->n; i++)
		push_provider_free(r->providers[i]);
	free_jobs(&r->jobs);
	free_jobs(&r->others);
	free(r->providers);
	crypto_wipe(r->private_key, 32);
	free(r);
}

/* All were tried. */
static void
end_job(struct push_job * job)
{
	struct error err = job->first;

	if (job->failed > 0)
		(void)snprintf(err.text, sizeof(err.text), "unable to send "
		    "%zu/%zu push to receivers: %.120s", job->failed, job->n,
		    job->first.text);
	if (job->done != NULL)
		job->done(job->user, job->failed == 0 ? 0 : -err.code[0],
		    &err);
	free_job(job);
}

/* A device was tried. */
static void
end_delivery(struct delivery * d, int rc, const struct error * err)
{
	struct push_job * job = d->job;

	free_delivery(d);
	job->left--;
	if (rc != 0) {
		log_warn(job->relay->log, "push", "a push failed: %.150s",
		    err->text);
		if (job->failed++ == 0)
			job->first = *err;
	}
	if (job->left == 0)
		end_job(job);
}

static void
wake(struct push_relay * r)
{
	if (!list_empty(&r->jobs) && !r->turn.armed)
		(void)world_timer_start(r->world, &r->turn, 0);
}

/* Whatever a provider says is its failure, first of all. */
static int
of_provider(struct error * err)
{
	return (err->n > 0 && err->code[0] == ERR_PUSH_PROVIDER ?
	    -ERR_PUSH_PROVIDER : error_wrap(err, ERR_PUSH_PROVIDER));
}

static void
errand_done(struct push_errand * e, int rc)
{
	struct delivery * d = list_entry(e, struct delivery, errand);
	struct push_relay * r = d->job->relay;
	struct error err = e->err;

	r->running--;
	end_delivery(d, rc == 0 ? 0 : of_provider(&err), &err);
	wake(r);
}

/* --- a delivery ----------------------------------------------------------- */

static int
open_token(struct delivery * d, struct error * err)
{
	struct push_relay * r = d->job->relay;
	struct buffer clear = {0};
	int rc;

	rc = push_token_open(&clear, slice_of(d->token, d->n),
	    r->private_key);
	if (rc != 0) {
		buffer_wipe(&clear);
		return (error_set(err, ERR_CRYPTO_DECRYPT, "a token was not "
		    "sealed for this relay"));
	}
	d->receiver = protobuf_decode(
	    &berty__protocol__v1__push_service_receiver__descriptor,
	    buffer_all(&clear), protobuf_cap(clear.n));
	buffer_wipe(&clear);
	if (d->receiver != NULL)
		return (0);
	(void)error_set(err, ERR_DESERIALIZATION, "a token says nothing");
	return (error_wrap(err, ERR_CRYPTO_DECRYPT));
}

static int
seal_payload(struct delivery * d, struct error * err)
{
	struct push_relay * r = d->job->relay;
	struct slice key = protobuf_slice(d->receiver->recipient_public_key);
	uint8_t random[NONCE_SIZE];

	world_random(r->world, random, sizeof(random));
	if (key.n == KEY_SIZE && push_expose(&d->payload,
	    buffer_all(&d->job->envelope), r->private_key, key.p,
	    random) == 0 && !d->payload.failed)
		return (0);
	return (error_set(err, ERR_CRYPTO_ENCRYPT, "a token has no key of a "
	    "device"));
}

static int
begin(struct delivery * d, struct error * err)
{
	struct push_relay * r = d->job->relay;
	struct push_provider * p;
	int rc;

	if ((rc = open_token(d, err)) != 0)
		return (rc);
	p = find_provider(r, (int)d->receiver->token_type,
	    d->receiver->bundle_id);
	if (p == NULL) {
		(void)error_set(err, ERR_PUSH_UNKNOWN_PROVIDER, "this relay "
		    "pushes nothing to %.60s by tokens of type %d",
		    d->receiver->bundle_id, (int)d->receiver->token_type);
		return (error_wrap(err, ERR_CRYPTO_DECRYPT));
	}
	if ((rc = seal_payload(d, err)) != 0)
		return (rc);
	d->errand.token = protobuf_slice(d->receiver->token);
	d->errand.payload = buffer_all(&d->payload);
	d->errand.low = d->job->low;
	d->errand.done = errand_done;
	list_init(&d->errand.place);
	if (push_provider_send(p, &d->errand) == 0)
		return (0);
	*err = d->errand.err;
	return (of_provider(err));
}

/* Whose turn it is, behind whom it stands next time. */
static struct delivery *
next_delivery(struct push_relay * r)
{
	struct push_job * job = list_entry(r->jobs.next, struct push_job,
	    place);
	struct delivery * d = list_entry(job->waiting.next, struct delivery,
	    place);

	list_remove(&d->place);
	list_append(&job->running, &d->place);
	list_remove(&job->place);
	list_append(list_empty(&job->waiting) ? &r->others : &r->jobs,
	    &job->place);
	r->waiting--;
	r->waiting_bytes -= d->n;
	return (d);
}

static void
take_turn(struct world_timer * timer)
{
	struct push_relay * r = list_entry(timer, struct push_relay, turn);
	unsigned i;

	for (i = 0; i < TURN && r->running < PUSH_RUNNING_MAX &&
	    !list_empty(&r->jobs); i++) {
		struct delivery * d = next_delivery(r);
		struct error err = {0};
		int rc = begin(d, &err);

		if (rc == 0)
			r->running++;
		else
			end_delivery(d, rc, &err);
	}
	if (r->running < PUSH_RUNNING_MAX)
		wake(r);
}

/* --- a request ------------------------------------------------------------ */

static int
check(const struct push_relay * r, const struct push_request * q,
    struct error * err)
{
	size_t i, bytes = 0;

	if (q->n == 0 || q->n > PUSH_RECEIVERS_MAX)
		return (error_set(err, ERR_INVALID_INPUT, q->n == 0
		    ? "no receivers supplied" : "too many receivers"));
	if (push_check(q->envelope) != 0)
		return (error_set(err, ERR_INVALID_INPUT, "an envelope has a "
		    "nonce of 24 bytes and a box of %d at most",
		    PUSH_BOX_MAX));
	for (i = 0; i < q->n; i++) {
		if (q->tokens[i].n > PUSH_TOKEN_MAX)
			return (error_set(err, ERR_INVALID_INPUT,
			    "a token is too long"));
		bytes += q->tokens[i].n;
	}
	if (r->waiting + q->n > PUSH_WAITING_MAX ||
	    bytes > PUSH_WAITING_BYTES - r->waiting_bytes)
		return (error_set(err, ERR_PUSH_PROVIDER, "this relay has too "
		    "much to do; try again later"));
	return (0);
}

static bool
add_delivery(struct push_job * job, struct slice token)
{
	struct delivery * d = calloc(1, sizeof(*d) + token.n);

	if (d == NULL)
		return (false);
	d->job = job;
	d->n = token.n;
	if (token.n > 0)
		memcpy(d->token, token.p, token.n);
	list_append(&job->waiting, &d->place);
	return (true);
}

int
push_relay_send(struct push_relay * r, const struct push_request * q,
    void (*done)(void * user, int status, const struct error * err),
    void * user, struct push_job ** result, struct error * err)
{
	struct push_job * job;
	size_t i;
	int rc;

	if ((rc = check(r, q, err)) != 0)
		return (rc);
	if ((job = calloc(1, sizeof(*job))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	*job = (struct push_job){.relay = r, .low = q->low, .n = q->n,
	    .left = q->n, .done = done, .user = user};
	list_init(&job->waiting);
	list_init(&job->running);
	list_init(&job->place);
	buffer_slice(&job->envelope, q->envelope);
	for (i = 0; i < q->n && add_delivery(job, q->tokens[i]); i++)
		;
	if (i < q->n || job->envelope.failed) {
		free_job(job);
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	}
	for (i = 0; i < q->n; i++)
		r->waiting_bytes += q->tokens[i].n;
	r->waiting += q->n;
	list_append(&r->jobs, &job->place);
	*result = job;
	wake(r);
	return (0);
}

void
push_relay_forget(struct push_job * job)
{
	job->done = NULL;
}
