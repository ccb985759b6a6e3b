/* reply.c: replies that are built piece by piece, in malloc'd memory. */
#include <stdlib.h>

#include "api/v1/v1.h"

/* Append to a repeated field of pointers. */
static bool
add(void * field, size_t * n, void * item)
{
	void ** list;
	void ** longer;

	/* The fields are of as many types as there are messages. */
	memcpy(&list, field, sizeof(list));
	longer = realloc(list, (*n + 1) * sizeof(*longer));
	if (longer == NULL)
		return (false);
	longer[(*n)++] = item;
	memcpy(field, &longer, sizeof(longer));
	return (true);
}

void *
v1_add(void * field, size_t * n, const ProtobufCMessageDescriptor * type)
{
	void * message = v1_new(type);

	if (message != NULL && !add(field, n, message)) {
		protobuf_free(message);
		message = NULL;
	}
	return (message);
}

void *
v1_new(const ProtobufCMessageDescriptor * type)
{
	ProtobufCMessage * message = malloc(type->sizeof_message);

	if (message != NULL)
		type->message_init(message);
	return (message);
}

void
v1_set_text(char ** field, struct slice text)
{
	char * copy;

	/* The field keeps its default, which is not to be freed. */
	if (text.n == 0 || (copy = malloc(text.n + 1)) == NULL)
		return;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	*field = copy;
}

void
v1_set_peer(char ** field, const struct peer_id * peer)
{
	struct peer_id_text text = peer_id_show(peer);

	v1_set_text(field, slice_text(text.text));
}

void
v1_set_address(char ** field, struct slice multiaddr)
{
	struct buffer text = {0};

	if (multiaddr_encode(&text, multiaddr) == 0 && !text.failed)
		v1_set_text(field, buffer_all(&text));
	buffer_free(&text);
}

void
v1_add_text(char *** field, size_t * n, struct slice text)
{
	char * copy = NULL;

	v1_set_text(&copy, text);
	if (copy != NULL && !add(field, n, copy))
		free(copy);
}

void
v1_answer_built(struct api_call * call, void * reply)
{
	struct error err = {0};

	if (reply == NULL) {
		(void)error_set(&err, ERR_INTERNAL, "out of memory");
		api_fail(call, &err);
		return;
	}
	api_answer(call, reply);
	protobuf_free(reply);
}
