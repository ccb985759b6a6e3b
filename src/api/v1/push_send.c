/* push_send.c: PushSend, and its reply. */
#include <stdlib.h>

#include "api/v1/v1.h"
#include "group/group_push.h"
#include "node/node_push.h"

#define DESCRIPTOR(name) &berty__protocol__v1__##name##__descriptor

/* --- whom ----------------------------------------------------------------- */

/* Devices being addressed. */
struct addressing {
	struct node_push_send * send;
	struct node_group * g;
	const uint8_t * member_pk; /* NULL: everybody but us */
	size_t devices;           /* of the member, that there are */
};

static int
address(void * user, const uint8_t member_pk[32], const uint8_t device_pk[32])
{
	struct addressing * a = user;
	struct group * g = node_group_of(a->g);
	int status;

	if (a->member_pk != NULL
	    ? memcmp(member_pk, a->member_pk, KEY_SIZE) != 0
	    : memcmp(member_pk, group_member_pk(g), KEY_SIZE) == 0)
		return (0);
	a->devices++;
	if (memcmp(device_pk, group_device_pk(g), KEY_SIZE) == 0)
		return (0);
	status = node_push_send_add(a->send, a->g, member_pk, device_pk);
	return (status == -ERR_NOT_FOUND ? 0 : status);
}

/* Those that were named, as far as they are the member's. */
static int
address_devices(struct addressing * a, const V1(MemberWithDevices) * m,
    struct error * err)
{
	uint8_t owner[KEY_SIZE];
	size_t i;
	int status = 0;

	for (i = 0; i < m->n_devices_pks && status == 0; i++) {
		const uint8_t * device = m->devices_pks[i].data;

		if (m->devices_pks[i].len != KEY_SIZE)
			return (error_set(err, ERR_DESERIALIZATION,
			    "a device's key has 32 bytes, this one has %zu",
			    m->devices_pks[i].len));
		if (group_member_of(node_group_of(a->g), device, owner) == 0 &&
		    memcmp(owner, a->member_pk, KEY_SIZE) == 0)
			status = address(a, owner, device);
	}
	return (status == 0 ? 0 : error_set(err, -status,
	    "the devices cannot be addressed"));
}

static int
address_member(struct addressing * a, const V1(MemberWithDevices) * m,
    struct error * err)
{
	int status;

	if (m->member_pk.len != KEY_SIZE ||
	    !ed25519_is_point(m->member_pk.data))
		return (error_set(err, ERR_DESERIALIZATION,
		    "a member's key is none"));
	a->member_pk = m->member_pk.data;
	a->devices = 0;
	if (m->n_devices_pks > 0)
		return (address_devices(a, m, err));
	status = group_each_device(node_group_of(a->g), address, a);
	if (status != 0)
		return (error_set(err, -status,
		    "the member's devices cannot be addressed"));
	if (a->devices == 0)
		return (error_set(err, ERR_NOT_FOUND,
		    "the group has no such member"));
	return (0);
}

static int
address_all(struct node_push_send * send, struct node_group * g,
    const V1(PushSend__Request) * request, struct error * err)
{
	struct addressing a = {send, g, NULL, 0};
	size_t i;
	int rc = 0;

	if (request->n_group_members == 0)
		rc = group_each_device(node_group_of(g), address, &a);
	if (rc != 0)
		(void)error_set(err, -rc,
		    "the group's devices cannot be addressed");
	for (i = 0; i < request->n_group_members && rc == 0; i++)
		rc = address_member(&a, request->group_members[i], err);
	return (rc == 0 ? 0 : error_wrap(err, ERR_INTERNAL));
}

/* --- the reply ------------------------------------------------------------ */

/* Append to a repeated field of keys; what has no room is left out. */
static void
add_key(ProtobufCBinaryData ** list, size_t * n, const uint8_t key[32])
{
	ProtobufCBinaryData * longer;
	uint8_t * copy = malloc(KEY_SIZE);

	longer = realloc(*list, (*n + 1) * sizeof(*longer));
	if (longer != NULL)
		*list = longer;
	if (longer == NULL || copy == NULL) {
		free(copy);
		return;
	}
	memcpy(copy, key, KEY_SIZE);
	longer[(*n)++] = (ProtobufCBinaryData){KEY_SIZE, copy};
}

/* The row of a member, made when it is not there. */
static V1(MemberWithDevices) *
member_row(V1(PushSend__Reply) * reply, const uint8_t member_pk[32])
{
	V1(MemberWithDevices) * m;
	size_t i;

	for (i = 0; i < reply->n_group_members; i++)
		if (memcmp(reply->group_members[i]->member_pk.data, member_pk,
		    KEY_SIZE) == 0)
			return (reply->group_members[i]);
	m = v1_add(&reply->group_members, &reply->n_group_members,
	    DESCRIPTOR(member_with_devices));
	if (m == NULL)
		return (NULL);
	if ((m->member_pk.data = malloc(KEY_SIZE)) == NULL) {
		reply->n_group_members--;
		protobuf_free(m);
		return (NULL);
	}
	m->member_pk.len = KEY_SIZE;
	memcpy(m->member_pk.data, member_pk, KEY_SIZE);
	return (m);
}

static void
add_failure(V1(PushSend__Reply) * reply, const struct node_push_send * s,
    size_t relay)
{
	const struct push_relay * r = &s->relays[relay];
	V1(PushSend__Failure) * f;
	size_t i;

	f = v1_add(&reply->failures, &reply->n_failures,
	    DESCRIPTOR(push_send__failure));
	if (f == NULL)
		return;
	v1_set_text(&f->service_addr,
	    slice_text((const char *)r->service_addr.p));
	v1_set_text(&f->reason, slice_text(r->err.text));
	f->codes = malloc((size_t)r->err.n * sizeof(*f->codes));
	for (i = 0; f->codes != NULL && i < (size_t)r->err.n; i++)
		f->codes[f->n_codes++] = (uint32_t)r->err.code[i];
	for (i = 0; i < s->n_devices; i++)
		if (s->devices[i].relay == relay)
			add_key(&f->devices_pks, &f->n_devices_pks,
			    s->devices[i].device_pk);
}

static void
answer(struct api_call * call, const struct node_push_send * s)
{
	V1(PushSend__Reply) * reply = v1_new(DESCRIPTOR(push_send__reply));
	V1(MemberWithDevices) * m;
	size_t i;

	for (i = 0; reply != NULL && i < s->n_devices; i++) {
		m = member_row(reply, s->devices[i].member_pk);
		if (m != NULL)
			add_key(&m->devices_pks, &m->n_devices_pks,
			    s->devices[i].device_pk);
	}
	for (i = 0; reply != NULL && i < s->n_relays; i++)
		if (s->relays[i].err.n > 0)
			add_failure(reply, s, i);
	v1_answer_built(call, reply);
}

/* --- the call ------------------------------------------------------------- */

static void
sent(void * user, struct node_push_send * s, const struct error * err)
{
	struct api_call * call = user;

	if (err != NULL)
		api_fail(call, err);
	else
		answer(call, s);
	node_push_send_free(s);
}

static void
cancelled(struct api_call * call)
{
	node_push_send_free(call->data);
	api_fail(call, NULL);
}

static int
seal(struct node_group * g, const V1(PushSend__Request) * request,
    struct buffer * envelope, struct error * err)
{
	struct cid cid;

	if (cid_parse(&cid, protobuf_slice(request->cid)) != 0)
		return (error_set(err, ERR_INVALID_INPUT,
		    "the message's CID is malformed"));
	return (group_push_seal(node_group_of(g), &cid, envelope, err));
}

/* The chain of a closed group is 888 alone, as in Go. */
static int
find_group(struct api_call * call, struct node_group ** g, struct error * err)
{
	const V1(PushSend__Request) * request = call->request;

	*g = node_find(call->node, protobuf_slice(request->group_public_key));
	return (*g != NULL ? 0 : error_set(err, ERR_INTERNAL,
	    "unknown group or not activated yet"));
}

void
v1_push_send(struct api_call * call)
{
	const V1(PushSend__Request) * request = call->request;
	struct buffer envelope = {0};
	struct node_push_send * send;
	struct node_group * g;
	struct error err = {0};

	if ((send = node_push_send_new(call->node)) == NULL)
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
	else if (find_group(call, &g, &err) == 0 &&
	    seal(g, request, &envelope, &err) == 0 &&
	    address_all(send, g, request, &err) == 0 &&
	    node_push_send_start(send, buffer_all(&envelope), sent, call,
	        &err) == 0) {
		call->data = send;
		call->on_cancelled = cancelled;
		send = NULL;
	}
	buffer_free(&envelope);
	if (err.n == 0)
		return;
	if (send != NULL)
		node_push_send_free(send);
	api_fail(call, &err);
}
