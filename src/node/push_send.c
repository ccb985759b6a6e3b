/* push_send.c: asking relays to push a message to devices. */
#include <stdlib.h>

#include "group/push.h"
#include "group/wire.h"
#include "node/node_impl.h"
#include "node/node_push.h"

#define SERVICE "berty.push.v1.PushService"

/* A relay that does not answer so long, ms, has not taken it. */
#define SEND_TIMEOUT_MS 20000

/* Fields of PushServiceSend.Request and of a receiver; the usual priority. */
enum { SEND_ENVELOPE = 1, SEND_PRIORITY = 2, SEND_RECEIVERS = 3 };
enum { RECEIVER_TOKEN = 1 };
enum { PRIORITY_NORMAL = 2 };

static void
end(struct node_push_send * s, const struct error * err)
{
	s->done(s->user, s, err);
}

static void
send_closed(void * user)
{
	struct node_push_send * s = user;
	struct error err = {0};

	(void)error_set(&err, ERR_BRIDGE_NOT_RUNNING, "the node is closing");
	if (s->done != NULL)
		end(s, &err);
}

static void
all_over(struct world_timer * timer)
{
	end(list_entry(timer, struct node_push_send, timer), NULL);
}

struct node_push_send *
node_push_send_new(struct node * n)
{
	struct node_push_send * s = calloc(1, sizeof(*s));

	if (s == NULL)
		return (NULL);
	s->node = n;
	s->timer.fire = all_over;
	s->watcher.closed = send_closed;
	s->watcher.user = s;
	node_watch(n, &s->watcher);
	return (s);
}

void
node_push_send_free(struct node_push_send * s)
{
	size_t i;

	for (i = 0; i < s->n_relays; i++) {
		struct push_relay * r = &s->relays[i];

		if (r->send != NULL && !r->over)
			web_cancel(node_web(s->node), &r->request);
		buffer_free(&r->request.answer);
		buffer_free(&r->service_addr);
		buffer_free(&r->body);
	}
	world_timer_stop(s->node->world, &s->timer);
	node_unwatch(s->node, &s->watcher);
	free(s->relays);
	free(s->devices);
	free(s);
}

/* --- whom ----------------------------------------------------------------- */

static bool
is_addressed(const struct node_push_send * s, const uint8_t * device_pk)
{
	size_t i;

	for (i = 0; i < s->n_devices; i++)
		if (memcmp(s->devices[i].device_pk, device_pk, KEY_SIZE) == 0)
			return (true);
	return (false);
}

/* May the member name one more relay? */
static bool
may_name(const struct node_push_send * s, const uint8_t * member_pk)
{
	size_t i, named = 0;

	for (i = 0; i < s->n_relays; i++)
		named += memcmp(s->relays[i].named_by, member_pk,
		    KEY_SIZE) == 0;
	return (s->n_relays < PUSH_RELAYS_MAX && named < PUSH_MEMBER_MAX);
}

/* The relay of that address; or -code, -ERR_INVALID_INPUT: one too many. */
static int
relay_of(struct node_push_send * s, const uint8_t * member_pk,
    struct slice service_addr)
{
	struct push_relay * more;
	size_t i;

	for (i = 0; i < s->n_relays; i++) {
		const struct buffer * b = &s->relays[i].service_addr;

		if (slice_equal(slice_of(b->p, b->n - 1), service_addr))
			return ((int)i);
	}
	if (!may_name(s, member_pk))
		return (-ERR_INVALID_INPUT);
	more = realloc(s->relays, (s->n_relays + 1) * sizeof(*more));
	if (more == NULL)
		return (-ERR_INTERNAL);
	s->relays = more;
	more += s->n_relays;
	memset(more, 0, sizeof(*more));
	memcpy(more->named_by, member_pk, KEY_SIZE);
	buffer_slice(&more->service_addr, service_addr);
	buffer_byte(&more->service_addr, 0);
	if (more->service_addr.failed) {
		buffer_free(&more->service_addr);
		return (-ERR_INTERNAL);
	}
	return ((int)s->n_relays++);
}

static int
add_device(struct node_push_send * s, const uint8_t * member_pk,
    const uint8_t * device_pk, const struct push_target * t)
{
	struct push_addressee * more;
	struct buffer receiver = {0};
	int relay;

	if (s->n_devices == PUSH_DEVICES_MAX)
		return (-ERR_INVALID_INPUT);
	more = realloc(s->devices, (s->n_devices + 1) * sizeof(*more));
	if (more == NULL)
		return (-ERR_INTERNAL);
	s->devices = more;
	if ((relay = relay_of(s, member_pk, t->service_addr)) < 0)
		return (relay);
	wire_put_bytes(&receiver, RECEIVER_TOKEN, t->token);
	wire_put_message(&s->relays[relay].body, SEND_RECEIVERS,
	    buffer_all(&receiver));
	buffer_free(&receiver);
	more += s->n_devices++;
	more->relay = (size_t)relay;
	memcpy(more->member_pk, member_pk, KEY_SIZE);
	memcpy(more->device_pk, device_pk, KEY_SIZE);
	return (0);
}

int
node_push_send_add(struct node_push_send * s, struct node_group * g,
    const uint8_t member_pk[32], const uint8_t device_pk[32])
{
	struct push_target t;
	int status;

	if (is_addressed(s, device_pk))
		return (0);
	status = push_store_load(s->node->store, group_scope(g->group),
	    device_pk, &t);
	if (status == 0)
		status = add_device(s, member_pk, device_pk, &t);
	push_target_free(&t);
	/* Whoever tells of so many shall not keep pushes from all others. */
	if (status == -ERR_INVALID_INPUT) {
		s->left_out++;
		status = 0;
	}
	return (status);
}

/* --- how ------------------------------------------------------------------ */

/* The relay is through with it. */
static void
relay_over(struct push_relay * r)
{
	struct node_push_send * s = r->send;

	r->over = true;
	s->running--;
	if (r->err.n > 0)
		log_warn(s->node->world->log, "push",
		    "%s did not push to every device: %s",
		    (const char *)r->service_addr.p, r->err.text);
}

static void
answered(struct web_request * request, int rc)
{
	struct push_relay * r = list_entry(request, struct push_relay, request);
	struct node_push_send * s = r->send;

	if (rc != 0 || request->status != 0) {
		r->err = request->err;
		if (r->err.text[0] == '\0')
			(void)error_set(&r->err, rc < 0 ? -rc :
			    ERR_PUSH_PROVIDER, "no word why (status %d)",
			    request->status);
		if (r->err.n == 0 || r->err.code[0] != ERR_PUSH_PROVIDER)
			(void)error_wrap(&r->err, ERR_PUSH_PROVIDER);
	}
	relay_over(r);
	if (s->running == 0)
		end(s, NULL);
}

static int
build_body(struct push_relay * r, struct slice envelope)
{
	struct buffer body = {0};

	wire_put_message(&body, SEND_ENVELOPE, envelope);
	wire_put_varint(&body, SEND_PRIORITY, PRIORITY_NORMAL);
	buffer_slice(&body, buffer_all(&r->body));
	body.failed |= r->body.failed;
	buffer_free(&r->body);
	r->body = body;
	return (body.failed ? -ERR_INTERNAL : 0);
}

/* The relay that this device itself is reached by. */
static bool
is_own_relay(struct node * n, const struct push_relay * r)
{
	struct slice named = slice_of(r->service_addr.p,
	    r->service_addr.n - 1), own;
	struct buffer server = {0};
	uint8_t key[KEY_SIZE];
	bool same;

	same = account_push_server(n->account, &server) == 0 &&
	    push_server_read(buffer_all(&server), key, &own) &&
	    slice_equal(named, own);
	buffer_free(&server);
	return (same);
}

static void
start_relay(struct node_push_send * s, struct push_relay * r,
    struct slice envelope)
{
	struct web_request * q = &r->request;
	int rc;

	r->send = s;
	q->service = SERVICE;
	q->call = "Send";
	q->server = (const char *)r->service_addr.p;
	q->insecure = node_services_insecure(s->node);
	/* Members write what they like; who tries relays at home says so. */
	q->stranger = !q->insecure && !is_own_relay(s->node, r);
	q->timeout_ms = SEND_TIMEOUT_MS;
	q->done = answered;
	rc = push_check(envelope);
	if (rc != 0)
		(void)error_set(&r->err, -rc, "the message is too large for a "
		    "push: its box may have %d bytes", PUSH_BOX_MAX);
	else if ((rc = build_body(r, envelope)) == 0) {
		q->body = buffer_all(&r->body);
		rc = web_send(node_web(s->node), q);
	}
	if (rc == 0)
		return;
	if (r->err.n == 0)
		(void)error_set(&r->err, -rc, "it could not be asked: %s",
		    q->err.text);
	(void)error_wrap(&r->err, ERR_PUSH_PROVIDER);
	relay_over(r);
}

int
node_push_send_start(struct node_push_send * s, struct slice envelope,
    void (*done)(void * user, struct node_push_send * s,
        const struct error * err),
    void * user, struct error * err)
{
	size_t i;

	if (s->n_relays > 0 && node_web(s->node) == NULL)
		return (error_set(err, ERR_PUSH_PROVIDER,
		    "this program has no way to ask a push server"));
	if (s->left_out > 0)
		log_warn(s->node->world->log, "push", "%zu devices are not "
		    "pushed to: there are too many, or of too many relays",
		    s->left_out);
	s->running = s->n_relays;
	for (i = 0; i < s->n_relays; i++)
		start_relay(s, &s->relays[i], envelope);
	if (s->running == 0 &&
	    world_timer_start(s->node->world, &s->timer, 0) != 0)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	s->done = done;
	s->user = user;
	return (0);
}
