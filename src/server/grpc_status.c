#include "server/grpc_status.h"

#include <stdio.h>

#include "berty/errcode/errcode.pb-c.h"
#include "codec/multibase.h"
#include "google/rpc/status.pb-c.h"

#define DETAILS_TYPE "type.googleapis.com/berty.errcode.ErrDetails"
#define DETAILS_NAME "/berty.errcode.ErrDetails"

/* Bytes of details we look at; a chain is far smaller. */
#define DETAILS_MAX 16384

/* The status of a code, or GRPC_OK for one that decides nothing. */
static enum grpc_status
status_of_code(int code)
{
	switch (code) {
	case ERR_INVALID_INPUT:
	case ERR_INVALID_RANGE:
	case ERR_MISSING_INPUT:
	case ERR_DESERIALIZATION:
	case ERR_CONTACT_REQUEST_SAME_ACCOUNT:
	case ERR_GROUP_INVALID_TYPE:
	case ERR_MESSENGER_DEEP_LINK_INVALID_PASSPHRASE:
	case ERR_SERVICES_AUTH_INVALID_URL:
	case ERR_PUSH_INVALID_PAYLOAD:
	case ERR_PUSH_INVALID_SERVER_CONFIG:
	case ERR_PUSH_MISSING_BUNDLE_ID:
	case ERR_PUSH_UNKNOWN_DESTINATION:
		return (GRPC_INVALID_ARGUMENT);
	case ERR_MISSING_MAP_KEY:
	case ERR_NOT_FOUND:
	case ERR_CONTACT_REQUEST_CONTACT_UNDEFINED:
	case ERR_GROUP_MEMBER_UNKNOWN_GROUP_ID:
	case ERR_GROUP_MISSING:
	case ERR_SERVICES_AUTH_UNKNOWN_TOKEN:
		return (GRPC_NOT_FOUND);
	case ERR_CONTACT_REQUEST_CONTACT_ALREADY_ADDED:
	case ERR_CONTACT_REQUEST_INCOMING_ALREADY_RECEIVED:
	case ERR_DB_ENTRY_ALREADY_EXISTS:
		return (GRPC_ALREADY_EXISTS);
	case ERR_CONTACT_REQUEST_CONTACT_BLOCKED:
	case ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN:
	case ERR_SERVICES_AUTH_SERVICE_NOT_SUPPORTED:
	case ERR_PUSH_WRONG_ACCOUNT:
		return (GRPC_PERMISSION_DENIED);
	case ERR_GROUP_SECRET_OTHER_DEST_MEMBER:
	case ERR_GROUP_SECRET_ALREADY_SENT_TO_MEMBER:
	case ERR_GROUP_ACTIVATE:
	case ERR_GROUP_DEACTIVATE:
	case ERR_SERVICES_AUTH_NOT_INITIALIZED:
	case ERR_SERVICES_AUTH_WRONG_STATE:
		return (GRPC_FAILED_PRECONDITION);
	case ERR_NOT_IMPLEMENTED:
		return (GRPC_UNIMPLEMENTED);
	case ERR_CRYPTO_SIGNATURE_VERIFICATION:
	case ERR_CRYPTO_DECRYPT:
	case ERR_CRYPTO_DECRYPT_PAYLOAD:
	case ERR_GROUP_MEMBER_LOG_EVENT_OPEN:
	case ERR_GROUP_MEMBER_LOG_EVENT_SIGNATURE:
	case ERR_PUSH_UNABLE_TO_DECRYPT:
		return (GRPC_DATA_LOSS);
	case ERR_STREAM_READ:
	case ERR_STREAM_WRITE:
	case ERR_STREAM_SEND_AND_CLOSE:
	case ERR_STREAM_HEADER_WRITE:
	case ERR_STREAM_SINK:
	case ERR_STREAM_CLOSE_AND_RECV:
	case ERR_STREAM_HEADER_READ:
	case ERR_IPFS_GET:
	case ERR_SERVICES_AUTH_INVALID_RESPONSE:
	case ERR_SERVICES_AUTH_SERVER:
	case ERR_SERVICE_REPLICATION_SERVER:
	case ERR_PUSH_PROVIDER:
		return (GRPC_UNAVAILABLE);
	default:
		return (GRPC_OK);
	}
}

enum grpc_status
grpc_status_of(const struct error * err, bool legacy)
{
	enum grpc_status status;
	int i;

	if (err == NULL || (err->n == 0 && err->text[0] == '\0'))
		return (GRPC_OK);
	if (err->n == 0)
		return (GRPC_UNKNOWN);
	if (legacy)
		return (GRPC_UNAVAILABLE);
	for (i = err->n - 1; i >= 0; i--) {
		status = status_of_code(err->code[i]);
		if (status != GRPC_OK)
			return (status);
	}
	return (GRPC_INTERNAL);
}

struct error
grpc_status_text(const char * text)
{
	struct error err = {0};

	(void)snprintf(err.text, sizeof(err.text), "%s", text);
	return (err);
}

struct error
grpc_status_clean(const struct error * err)
{
	struct error clean = *err;
	int i;

	clean.n = 0;
	for (i = 0; i < err->n; i++) {
		if (err->code[i] != ERR_TODO)
			clean.code[clean.n++] = err->code[i];
		else if (i == 0)
			clean.code[clean.n++] = ERR_INTERNAL;
	}
	return (clean);
}

static void
chain_details(struct buffer * out, const struct error * err)
{
	Berty__Errcode__ErrDetails details = BERTY__ERRCODE__ERR_DETAILS__INIT;
	Berty__Errcode__ErrCode codes[ERROR_DEPTH];
	int i;

	for (i = 0; i < err->n; i++)
		codes[i] = (Berty__Errcode__ErrCode)err->code[i];
	details.n_codes = (size_t)err->n;
	details.codes = codes;
	protobuf_encode(out, &details);
}

void
grpc_status_details(struct buffer * out, enum grpc_status status,
    const struct error * err)
{
	Google__Rpc__Status message = GOOGLE__RPC__STATUS__INIT;
	Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
	Google__Protobuf__Any * list = &any;
	struct buffer codes = {0};
	char text[1024];

	(void)error_format(err, text, sizeof(text));
	message.code = (int32_t)status;
	message.message = text;
	if (err->n > 0) {
		chain_details(&codes, err);
		any.type_url = (char *)(uintptr_t)DETAILS_TYPE;
		any.value = protobuf_bytes(buffer_all(&codes));
		message.n_details = 1;
		message.details = &list;
	}
	protobuf_encode(out, &message);
	out->failed |= codes.failed;
	buffer_free(&codes);
}

/* Take the codes of one detail, if it is ours. */
static int
read_codes(const Google__Protobuf__Any * any, struct error * err)
{
	Berty__Errcode__ErrDetails * details;
	size_t n = strlen(any->type_url), tail = strlen(DETAILS_NAME);
	size_t i;

	if (n < tail || strcmp(any->type_url + n - tail, DETAILS_NAME) != 0)
		return (0);
	details = protobuf_decode(&berty__errcode__err_details__descriptor,
	    protobuf_slice(any->value), protobuf_cap(any->value.len));
	if (details == NULL)
		return (-ERR_DESERIALIZATION);
	for (i = 0; i < details->n_codes && err->n < ERROR_DEPTH; i++)
		err->code[err->n++] = (int)details->codes[i];
	protobuf_free(details);
	return (0);
}

/* What a message says behind the codes that it repeats. */
static const char *
text_behind_codes(const char * text, const struct error * err)
{
	char prefix[120];
	size_t n;
	int i;

	for (i = 0; i < err->n; i++) {
		(void)snprintf(prefix, sizeof(prefix), "%s(#%d)",
		    error_name(err->code[i]), err->code[i]);
		n = strlen(prefix);
		if (strncmp(text, prefix, n) != 0)
			return (text);
		text += n;
		if (strncmp(text, ": ", 2) == 0)
			text += 2;
	}
	return (text);
}

int
grpc_status_parse(struct slice details, struct error * err)
{
	Google__Rpc__Status * message;
	int status = 0;
	size_t i;

	error_clear(err);
	if (details.n > DETAILS_MAX)
		return (-ERR_DESERIALIZATION);
	message = protobuf_decode(&google__rpc__status__descriptor, details,
	    protobuf_cap(details.n));
	if (message == NULL)
		return (-ERR_DESERIALIZATION);
	for (i = 0; i < message->n_details && status == 0; i++)
		status = read_codes(message->details[i], err);
	if (status != 0)
		error_clear(err);
	else
		(void)snprintf(err->text, sizeof(err->text), "%s",
		    text_behind_codes(message->message, err));
	protobuf_free(message);
	return (status);
}

void
grpc_status_guess(enum grpc_status status, const char * text,
    struct error * err)
{
	int code = ERR_INTERNAL;

	switch (status) {
	case GRPC_INVALID_ARGUMENT:
		code = ERR_INVALID_INPUT;
		break;
	case GRPC_NOT_FOUND:
		code = ERR_NOT_FOUND;
		break;
	case GRPC_UNIMPLEMENTED:
		code = ERR_NOT_IMPLEMENTED;
		break;
	case GRPC_CANCELLED:
	case GRPC_DEADLINE_EXCEEDED:
	case GRPC_UNAVAILABLE:
		code = ERR_STREAM_READ;
		break;
	case GRPC_UNAUTHENTICATED:
	case GRPC_PERMISSION_DENIED:
		code = ERR_SERVICES_AUTH;
		break;
	default:
		break;
	}
	(void)error_set(err, code, "%s", text);
}

void
grpc_status_encode_text(struct buffer * out, const char * text)
{
	const uint8_t * p = (const uint8_t *)text;

	for (; *p != '\0'; p++) {
		if (*p >= 0x20 && *p <= 0x7e && *p != '%')
			buffer_byte(out, *p);
		else
			buffer_printf(out, "%%%02X", *p);
	}
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	return (-1);
}

void
grpc_status_decode_text(struct buffer * out, struct slice text)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		if (text.p[i] == '%' && i + 2 < text.n &&
		    hex_digit(text.p[i + 1]) >= 0 &&
		    hex_digit(text.p[i + 2]) >= 0) {
			buffer_byte(out, (uint8_t)(hex_digit(text.p[i + 1]) * 16
			    + hex_digit(text.p[i + 2])));
			i += 2;
		} else
			buffer_byte(out, text.p[i]);
	}
}

void
grpc_status_base64(struct buffer * out, struct slice bytes)
{
	base64_encode(out, bytes);
	while (out->n > 0 && out->p[out->n - 1] == '=')
		out->n--;
}

int
grpc_status_unbase64(struct buffer * out, struct slice text)
{
	struct buffer padded = {0};
	int status;

	buffer_slice(&padded, text);
	while (padded.n % 4 != 0 && !padded.failed)
		buffer_byte(&padded, '=');
	status = padded.failed ? -ERR_DESERIALIZATION :
	    base64_decode(out, buffer_all(&padded));
	buffer_free(&padded);
	return (status == 0 ? 0 : -ERR_DESERIALIZATION);
}
