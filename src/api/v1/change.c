/* change.c: what handlers share: checks of requests, and changes. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/v1/v1.h"

int
v1_key(struct slice * key, ProtobufCBinaryData bytes, int code,
    struct error * err)
{
	if (bytes.len != KEY_SIZE)
		return (error_set(err, code,
		    "a key has 32 bytes, this one has %zu", bytes.len));
	*key = protobuf_slice(bytes);
	return (0);
}

int
v1_group(struct api_call * call, ProtobufCBinaryData group_pk, int outer,
    struct node_group ** g, struct error * err)
{
	*g = node_find(call->node, protobuf_slice(group_pk));
	if (*g != NULL)
		return (0);
	(void)error_set(err, ERR_INTERNAL, group_pk.len == 0
	    ? "no group id provided"
	    : "unknown group or not activated yet");
	return (error_wrap(err, outer));
}

int
v1_learn(struct change * c, const ProtobufCBinaryData * addresses, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (node_learn_address(c->tx,
		    protobuf_slice(addresses[i])) == -ERR_DB_WRITE)
			return (error_set(&c->err, ERR_DB_WRITE, "%s",
			    store_failure(node_store(c->node))));
	return (0);
}

char *
v1_networks(struct node * n, char names[V1_NETWORKS])
{
	const struct network_list * list = node_networks(n);
	size_t i, at = 0;

	names[0] = '\0';
	for (i = 0; i < list->n && at < V1_NETWORKS; i++)
		at += (size_t)snprintf(names + at, V1_NETWORKS - at, "%s%s",
		    i == 0 ? "" : ",", list->at[i]->name);
	return (names);
}

void
v1_answer_empty(struct change * c)
{
	const ProtobufCMessageDescriptor * type = c->call->method->reply;
	ProtobufCMessage reply;

	/* Without fields, a message is its base alone. */
	assert(type->sizeof_message == sizeof(reply));
	type->message_init(&reply);
	api_answer(c->call, &reply);
}

static void
change_done(void * user, int status)
{
	struct change * c = user;

	if (status == 0)
		c->answer(c);
	else {
		(void)error_set(&c->err, -status,
		    "the change is not on disk: %s",
		    store_failure(node_store(c->node)));
		api_fail(c->call, &c->err);
	}
	crypto_wipe(c, sizeof(*c));
	free(c);
}

void
v1_change(struct api_call * call, int (*write)(struct change * c),
    void (*answer)(struct change * c))
{
	struct error none = {.n = 1, .code = {ERR_INTERNAL},
	    .text = "out of memory"};
	struct change * c;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		api_fail(call, &none);
		return;
	}
	c->call = call;
	c->node = call->node;
	c->account = node_account(call->node);
	c->answer = answer;
	if (node_begin(c->node, &c->tx, &c->err) != 0)
		goto err0;
	if (write(c) != 0) {
		node_abort(c->tx);
		goto err0;
	}
	if (node_commit(c->tx, change_done, c, &c->err) != 0)
		goto err0;
	return;

err0:
	api_fail(call, &c->err);
	crypto_wipe(c, sizeof(*c));
	free(c);
}
