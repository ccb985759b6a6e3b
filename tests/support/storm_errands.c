/* storm_errands.c: what users do in a storm, and what they were told. */
#include <stdlib.h>

#include "support/storm_impl.h"

/* The most bytes of a message now and then. */
enum { LONG_MESSAGE = 60000 };

/* --- whom and where ------------------------------------------------------- */

/* Any node that is up, or n. */
static size_t
some_node(struct storm * s)
{
	size_t k, i = storm_below(s, s->f.n);

	for (k = 0; k < s->f.n; k++, i = (i + 1) % s->f.n)
		if (s->f.nodes[i].node != NULL && sim_alive(s->f.nodes[i].w))
			return (i);
	return (s->f.n);
}

bool
storm_writable(struct storm * s, size_t i)
{
	return (s->f.nodes[i].node != NULL && sim_alive(s->f.nodes[i].w) &&
	    !store_read_only(node_store(s->f.nodes[i].node)));
}

/* A group of which the seat is as wanted, or n_groups. */
static size_t
some_group(struct storm * s, size_t i, enum sure in, bool open)
{
	size_t k, at = storm_below(s, s->n_groups);

	for (k = 0; k < s->n_groups; k++, at = (at + 1) % s->n_groups)
		if (s->groups[at].seats[i].in == in &&
		    fleet_is_open(&s->f, i, s->groups[at].pk) == open)
			return (at);
	return (s->n_groups);
}

/* --- errands -------------------------------------------------------------- */

static struct errand_call *
keep(struct storm * s, enum errand what, size_t from, struct fleet_call * call)
{
	struct errand_call * e = calloc(1, sizeof(*e));

	assert_non_null(e);
	*e = (struct errand_call){.what = what, .from = from, .call = call};
	list_append(&s->errands, &e->place);
	s->report.calls++;
	storm_say(s, "node %zu: %s", from, call->call.method->name);
	return (e);
}

static struct errand_call *
start(struct storm * s, enum errand what, size_t from, const char * method,
    const void * request)
{
	return (keep(s, what, from,
	    fleet_begin(&s->f, from, method, request)));
}

/* An errand that changes who sits where. */
static void
start_seat(struct storm * s, enum errand what, size_t i, size_t group,
    const char * method, const void * request)
{
	struct seat * seat = &s->groups[group].seats[i];
	struct errand_call * e = start(s, what, i, method, request);

	e->group = group;
	seat->busy++;
	storm_say(s, "   in group %zu", group);
	if (what == ERRAND_JOIN)
		seat->ever = true;
}

/* --- writing -------------------------------------------------------------- */

/* Whom did this device give its chain key, durably, up to now? */
static void
scan_keys(struct storm * s, size_t i, size_t group)
{
	struct seat * seat = &s->groups[group].seats[i];
	struct node_group * ng = node_find(s->f.nodes[i].node,
	    slice_of(s->groups[group].pk, 32));
	struct group * g = node_group_of(ng);
	Berty__Protocol__V1__GroupAddDeviceSecret * secret;
	struct group_event e = {0};

	for (; seat->scanned < ng->visible[FEED_METADATA]; seat->scanned++) {
		if (group_event_at(g, seat->scanned + 1, &e) != 0)
			continue;
		if (e.event.type == EVENT_DEVICE_CHAIN_KEY_ADDED &&
		    memcmp(e.event.device_pk, group_device_pk(g), 32) == 0) {
			secret = protobuf_decode(
			    &berty__protocol__v1__group_add_device_secret__descriptor,
			    e.event.payload, 65536);
			assert_non_null(secret);
			assert_int_equal(secret->dest_member_pk.len, 32);
			seat->keyed = realloc(seat->keyed,
			    (seat->n_keyed + 1) * 32);
			assert_non_null(seat->keyed);
			memcpy(seat->keyed[seat->n_keyed++],
			    secret->dest_member_pk.data, 32);
			protobuf_free(secret);
		}
		group_event_free(&e);
	}
}

static struct written *
new_written(struct storm * s, size_t i, size_t group, bool metadata)
{
	struct written * w = calloc(1, sizeof(*w));

	assert_non_null(w);
	scan_keys(s, i, group);
	*w = (struct written){.group = group, .from = i, .metadata = metadata,
	    .n_keyed = s->groups[group].seats[i].n_keyed,
	    .free = s->restored[i]};
	(void)snprintf(w->text, sizeof(w->text), "%u: node %zu in group %zu, ",
	    s->serial++, i, group);
	list_init(&w->place);
	return (w);
}

static size_t
some_length(struct storm * s)
{
	if (storm_chance(s, 2))
		return (sizeof(((struct written *)NULL)->text) +
		    storm_below(s, LONG_MESSAGE));
	return (sizeof(((struct written *)NULL)->text) + storm_below(s, 300));
}

void
storm_start_send(struct storm * s, size_t i, size_t group)
{
	API(AppMessageSend__Request) request =
	    API_INIT(APP_MESSAGE_SEND__REQUEST);
	struct written * w = new_written(s, i, group, false);
	size_t n = some_length(s);
	uint8_t * payload = calloc(1, n);
	struct errand_call * e;

	assert_non_null(payload);
	memcpy(payload, w->text, sizeof(w->text));
	request.group_pk = key_bytes(s->groups[group].pk);
	request.payload = protobuf_bytes(slice_of(payload, n));
	e = start(s, ERRAND_MESSAGE, i, "AppMessageSend", &request);
	e->group = group;
	e->written = w;
	free(payload);
}

static void
start_metadata(struct storm * s, size_t i, size_t group)
{
	API(AppMetadataSend__Request) request =
	    API_INIT(APP_METADATA_SEND__REQUEST);
	struct written * w = new_written(s, i, group, true);
	struct errand_call * e;

	request.group_pk = key_bytes(s->groups[group].pk);
	request.payload =
	    protobuf_bytes(slice_of((const uint8_t *)w->text, sizeof(w->text)));
	e = start(s, ERRAND_METADATA, i, "AppMetadataSend", &request);
	e->group = group;
	e->written = w;
}

static void
go_write(struct storm * s, size_t i)
{
	size_t group = some_group(s, i, YES, true);
	unsigned n = storm_chance(s, 10) ? 20 : 1;

	if (group == s->n_groups)
		return;
	if (storm_chance(s, 15)) {
		start_metadata(s, i, group);
		return;
	}
	while (n-- > 0)
		storm_start_send(s, i, group);
}

/* --- groups --------------------------------------------------------------- */

static void
go_create(struct storm * s, size_t i)
{
	API(MultiMemberGroupCreate__Request) request =
	    API_INIT(MULTI_MEMBER_GROUP_CREATE__REQUEST);

	if (s->n_groups < STORM_GROUPS / 4)
		(void)start(s, ERRAND_CREATE, i, "MultiMemberGroupCreate",
		    &request);
}

/* By an invitation that somebody hands over, wires or no wires. */
static void
start_join(struct storm * s, size_t i, size_t host, size_t group)
{
	API(MultiMemberGroupInvitationCreate__Request) ask =
	    API_INIT(MULTI_MEMBER_GROUP_INVITATION_CREATE__REQUEST);
	API(MultiMemberGroupJoin__Request) join =
	    API_INIT(MULTI_MEMBER_GROUP_JOIN__REQUEST);
	const API(MultiMemberGroupInvitationCreate__Reply) * invitation;
	struct fleet_call * call;

	ask.group_pk = key_bytes(s->groups[group].pk);
	call = fleet_begin(&s->f, host, "MultiMemberGroupInvitationCreate",
	    &ask);
	if (fleet_wait(&s->f, host, call) && sim_alive(s->f.nodes[i].w) &&
	    s->f.nodes[i].node != NULL) {
		invitation = call->replies[0];
		join.group = invitation->group;
		start_seat(s, ERRAND_JOIN, i, group, "MultiMemberGroupJoin",
		    &join);
	}
	(void)fleet_bury(&s->f, host);
	(void)fleet_bury(&s->f, i);
	fleet_end(call);
}

static void
go_join(struct storm * s, size_t i)
{
	size_t host = some_node(s), group = some_group(s, host, YES, true);
	struct seat * seat;

	if (host == i || group == s->n_groups || s->groups[group].contact)
		return;
	seat = &s->groups[group].seats[i];
	if (seat->in != YES && seat->busy == 0)
		start_join(s, i, host, group);
}

static void
go_leave(struct storm * s, size_t i)
{
	API(MultiMemberGroupLeave__Request) request =
	    API_INIT(MULTI_MEMBER_GROUP_LEAVE__REQUEST);
	size_t group = some_group(s, i, YES, storm_chance(s, 80));

	if (group == s->n_groups || s->groups[group].contact ||
	    s->groups[group].seats[i].busy > 0)
		return;
	request.group_pk = key_bytes(s->groups[group].pk);
	start_seat(s, ERRAND_LEAVE, i, group, "MultiMemberGroupLeave",
	    &request);
}

static void
go_rest(struct storm * s, size_t i)
{
	API(DeactivateGroup__Request) request =
	    API_INIT(DEACTIVATE_GROUP__REQUEST);
	size_t group = some_group(s, i, YES, true);

	if (group == s->n_groups || s->groups[group].seats[i].busy > 0)
		return;
	request.group_pk = key_bytes(s->groups[group].pk);
	start_seat(s, ERRAND_REST, i, group, "DeactivateGroup", &request);
}

static void
go_wake(struct storm * s, size_t i)
{
	API(ActivateGroup__Request) request = API_INIT(ACTIVATE_GROUP__REQUEST);
	size_t group = some_group(s, i, YES, false);

	if (group == s->n_groups || s->groups[group].seats[i].busy > 0)
		return;
	request.group_pk = key_bytes(s->groups[group].pk);
	start_seat(s, ERRAND_WAKE, i, group, "ActivateGroup", &request);
}

/* --- contacts ------------------------------------------------------------- */

static void
go_request(struct storm * s, size_t i)
{
	size_t to = storm_below(s, s->f.n);

	if (to == i || s->asked[i][to].asked || s->asked[i][to].busy ||
	    fleet_contact(&s->f, i, to) != CONTACT_UNDEFINED)
		return;
	s->asked[i][to].busy = true;
	keep(s, ERRAND_REQUEST, i, fleet_begin_request(&s->f, i, to,
	    s->seeds[to]))->peer = to;
}

void
storm_start_accept(struct storm * s, size_t i, size_t of)
{
	keep(s, ERRAND_ACCEPT, i, fleet_begin_accept(&s->f, i, of))->peer = of;
}

static void
go_accept(struct storm * s, size_t i)
{
	size_t of;

	for (of = 0; of < s->f.n; of++)
		if (of != i && fleet_contact(&s->f, i, of) == CONTACT_RECEIVED) {
			storm_start_accept(s, i, of);
			return;
		}
}

/* --- what they were told -------------------------------------------------- */

/* A row for a group that may be there already. */
static void
take_group(struct storm * s, const uint8_t pk[32], bool contact, size_t i)
{
	struct seat * seat;
	size_t at;

	for (at = 0; at < s->n_groups; at++)
		if (memcmp(s->groups[at].pk, pk, 32) == 0)
			break;
	if (at == STORM_GROUPS)
		return;
	if (at == s->n_groups) {
		s->n_groups++;
		memcpy(s->groups[at].pk, pk, 32);
		s->groups[at].contact = contact;
		storm_say(s, "group %zu is new, of node %zu%s", at, i,
		    contact ? " and a contact" : "");
	}
	seat = &s->groups[at].seats[i];
	seat->in = YES;
	seat->ever = true;
}

static void
take_contacts(struct storm * s, size_t i)
{
	uint8_t pk[32];
	size_t of;

	for (of = 0; of < s->f.n; of++)
		if (of != i && fleet_contact(&s->f, i, of) == CONTACT_ADDED &&
		    fleet_contact_group(&s->f, i, of, pk))
			take_group(s, pk, true, i);
}

static void
take_written(struct storm * s, struct errand_call * e)
{
	const API(AppMessageSend__Reply) * message;
	const API(AppMetadataSend__Reply) * metadata;
	struct slice cid;

	if (e->what == ERRAND_MESSAGE) {
		message = e->call->replies[0];
		cid = protobuf_slice(message->cid);
	} else {
		metadata = e->call->replies[0];
		cid = protobuf_slice(metadata->cid);
	}
	assert_int_equal(cid_parse(&e->written->cid, cid), 0);
	e->written->free |= s->restored[e->from];
	list_append(&s->written, &e->written->place);
	e->written = NULL;
}

static void
take_seat(struct storm * s, struct errand_call * e, bool done)
{
	struct seat * seat = &s->groups[e->group].seats[e->from];
	bool seats = e->what == ERRAND_JOIN || e->what == ERRAND_LEAVE;

	seat->busy--;
	if (seats) {
		seat->in = !done ? UNSURE : e->what == ERRAND_JOIN ? YES : NO;
		seat->resting = UNSURE;
	} else
		seat->resting = !done ? UNSURE :
		    e->what == ERRAND_REST ? YES : NO;
}

static void
take_done(struct storm * s, struct errand_call * e)
{
	const API(MultiMemberGroupCreate__Reply) * created;

	s->report.acknowledged++;
	switch (e->what) {
	case ERRAND_MESSAGE:
	case ERRAND_METADATA:
		take_written(s, e);
		break;
	case ERRAND_CREATE:
		created = e->call->replies[0];
		take_group(s, created->group_pk.data, false, e->from);
		break;
	case ERRAND_REQUEST:
		s->asked[e->from][e->peer].asked = true;
		break;
	default:
		break;
	}
}

/* Nothing is refused without a reason that the storm knows of. */
static void
check_refused(struct storm * s, struct errand_call * e)
{
	const struct seat * seat = &s->groups[e->group].seats[e->from];
	char text[256];

	if ((e->what != ERRAND_MESSAGE && e->what != ERRAND_METADATA) ||
	    !storm_writable(s, e->from) || s->faulty[e->from] ||
	    seat->in != YES || seat->resting != NO || seat->busy > 0)
		return;
	(void)error_format(&e->call->err, text, sizeof(text));
	storm_fail(s, "node %zu refuses %s: %s", e->from,
	    e->call->call.method->name, text);
}

static void
take(struct storm * s, struct errand_call * e)
{
	bool done = e->call->finished && !e->call->failed;

	storm_say(s, "node %zu: %s of group %zu %s", e->from,
	    e->call->call.method->name, e->group, done ? "done" : "failed");
	if (done)
		take_done(s, e);
	else
		check_refused(s, e);
	if (e->what == ERRAND_REQUEST)
		s->asked[e->from][e->peer].busy = false;
	if (e->what >= ERRAND_JOIN && e->what <= ERRAND_WAKE)
		take_seat(s, e, done);
}

void
storm_reap(struct storm * s)
{
	struct list *place, *following;
	size_t i;

	for (i = 0; i < s->f.n; i++)
		(void)fleet_bury(&s->f, i);
	list_each(place, following, &s->errands) {
		struct errand_call * e =
		    list_entry(place, struct errand_call, place);

		if (!e->call->finished)
			continue;
		take(s, e);
		list_remove(&e->place);
		fleet_end(e->call);
		free(e->written);
		free(e);
	}
	for (i = 0; i < s->f.n; i++)
		if (s->f.nodes[i].node != NULL)
			take_contacts(s, i);
}

void
storm_errand(struct storm * s)
{
	static const struct {
		unsigned weight;
		void (*go)(struct storm * s, size_t i);
	} errands[] = {
		{56, go_write}, {4, go_create}, {12, go_join}, {4, go_leave},
		{4, go_rest}, {6, go_wake}, {6, go_request}, {8, go_accept},
	};
	size_t k, i = some_node(s), at = storm_below(s, 100);

	if (i == s->f.n)
		return;
	for (k = 0; at >= errands[k].weight; k++)
		at -= errands[k].weight;
	errands[k].go(s, i);
}
