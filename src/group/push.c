#include "group/push.h"

#include "group/out_of_store.h"
#include "group/wire.h"

int
push_token_seal(struct buffer * out, struct slice receiver,
    const uint8_t server_pk[32], const uint8_t random[32])
{
	return (anonymous_seal(out, server_pk, random, receiver));
}

int
push_token_open(struct buffer * out, struct slice token,
    const uint8_t server_private[32])
{
	return (anonymous_open(out, server_private, token));
}

int
push_dispatcher(struct buffer * out, struct slice receiver)
{
	struct reader r = reader_of(receiver);
	struct slice bundle = {NULL, 0};
	uint32_t type = 0;
	struct wire_field f;

	while (wire_next(&r, &f))
		if (f.number == 1 && f.type == WIRE_VARINT)
			type = (uint32_t)f.value;
		else if (wire_is_bytes(&f, 2))
			bundle = f.bytes;
	if (r.failed)
		return (-ERR_DESERIALIZATION);
	buffer_printf(out, "%d-", (int)type);
	buffer_slice(out, bundle);
	return (0);
}

int
push_check(struct slice envelope)
{
	struct out_of_store_envelope e;

	if (out_of_store_split(&e, envelope) != 0 || e.box.n > PUSH_BOX_MAX)
		return (-ERR_INVALID_INPUT);
	return (0);
}

int
push_expose(struct buffer * out, struct slice envelope,
    const uint8_t server_private[32], const uint8_t device_pk[32],
    const uint8_t random[24])
{
	struct buffer box = {0};
	int status;

	status = box_seal(&box, server_private, device_pk, random, envelope);
	if (status == 0) {
		wire_put_bytes(out, 1, slice_of(random, NONCE_SIZE));
		wire_put_bytes(out, 2, buffer_all(&box));
	}
	buffer_free(&box);
	return (status);
}

int
push_exposed_open(struct buffer * out, struct slice exposed,
    const uint8_t server_pk[32], const uint8_t device_private[32])
{
	struct slice nonce, box;

	if (wire_find(exposed, 1, &nonce) != 0 ||
	    wire_find(exposed, 2, &box) != 0 || nonce.n != NONCE_SIZE)
		return (-ERR_PUSH_INVALID_PAYLOAD);
	if (box_open(out, device_private, server_pk, nonce.p, box) != 0)
		return (-ERR_PUSH_UNABLE_TO_DECRYPT);
	return (0);
}
