/*
 * front_gateway.c: calls as JSON, at /<package>/<Service>/<Method>.  A stream
 * of answers is a line each; so is a stream of requests.  Source: grpc-gateway
 * 1.16, runtime/handler.go and runtime/errors.go.
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/front/front_impl.h"
#include "json/proto_json.h"

#define DETAILS_TYPE "type.googleapis.com/berty.errcode.ErrDetails"

/* --- status --------------------------------------------------------------- */

static const struct {
	int http;
	const char * name;
} statuses[] = {
	[GRPC_OK] = {200, "OK"},
	[GRPC_CANCELLED] = {408, "Request Timeout"},
	[GRPC_UNKNOWN] = {500, "Internal Server Error"},
	[GRPC_INVALID_ARGUMENT] = {400, "Bad Request"},
	[GRPC_DEADLINE_EXCEEDED] = {504, "Gateway Timeout"},
	[GRPC_NOT_FOUND] = {404, "Not Found"},
	[GRPC_ALREADY_EXISTS] = {409, "Conflict"},
	[GRPC_PERMISSION_DENIED] = {403, "Forbidden"},
	[GRPC_RESOURCE_EXHAUSTED] = {429, "Too Many Requests"},
	[GRPC_FAILED_PRECONDITION] = {400, "Bad Request"},
	[GRPC_ABORTED] = {409, "Conflict"},
	[GRPC_OUT_OF_RANGE] = {400, "Bad Request"},
	[GRPC_UNIMPLEMENTED] = {501, "Not Implemented"},
	[GRPC_INTERNAL] = {500, "Internal Server Error"},
	[GRPC_UNAVAILABLE] = {503, "Service Unavailable"},
	[GRPC_DATA_LOSS] = {500, "Internal Server Error"},
	[GRPC_UNAUTHENTICATED] = {401, "Unauthorized"},
};

static cJSON *
details(const struct error * err)
{
	cJSON * list = cJSON_CreateArray(), * one, * codes;
	const char * name;
	int i;

	if (err->n == 0)
		return (list);
	one = cJSON_CreateObject();
	cJSON_AddStringToObject(one, "@type", DETAILS_TYPE);
	codes = cJSON_AddArrayToObject(one, "codes");
	for (i = 0; i < err->n; i++) {
		name = error_name(err->code[i]);
		cJSON_AddItemToArray(codes, strcmp(name, "UNKNOWN_ERRCODE") ==
		    0 ? cJSON_CreateNumber(err->code[i])
		    : cJSON_CreateString(name));
	}
	cJSON_AddItemToArray(list, one);
	return (list);
}

/* As text whose bytes are all of UTF-8. */
static void
add_message(cJSON * object, const char * name, const struct error * err)
{
	char text[1024];
	char * p;

	(void)error_format(err, text, sizeof(text));
	for (p = text; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	cJSON_AddStringToObject(object, name, text);
}

/* The one error that is the whole answer. */
static cJSON *
whole_error(enum grpc_status status, const struct error * err)
{
	cJSON * object = cJSON_CreateObject(), * list = details(err);

	add_message(object, "error", err);
	cJSON_AddNumberToObject(object, "code", (double)status);
	add_message(object, "message", err);
	if (cJSON_GetArraySize(list) > 0)
		cJSON_AddItemToObject(object, "details", list);
	else
		cJSON_Delete(list);
	return (object);
}

/* The last line of a stream. */
static cJSON *
line_error(enum grpc_status status, const struct error * err)
{
	cJSON * object = cJSON_CreateObject(), * inner, * list = details(err);

	inner = cJSON_AddObjectToObject(object, "error");
	cJSON_AddNumberToObject(inner, "grpc_code", (double)status);
	cJSON_AddNumberToObject(inner, "http_code", statuses[status].http);
	add_message(inner, "message", err);
	cJSON_AddStringToObject(inner, "http_status", statuses[status].name);
	if (cJSON_GetArraySize(list) > 0)
		cJSON_AddItemToObject(inner, "details", list);
	else
		cJSON_Delete(list);
	return (object);
}

/* Append a value, and free it. */
static void
print(struct buffer * out, cJSON * value)
{
	char * text = cJSON_PrintUnformatted(value);

	if (text == NULL)
		out->failed = true;
	else
		buffer_text(out, text);
	cJSON_free(text);
	cJSON_Delete(value);
}

/* --- the carrier ---------------------------------------------------------- */

static bool
is_stream(const struct front_call * c)
{
	return (c->entry != NULL && c->entry->method->server_stream);
}

static void
set_type(struct http_request * r)
{
	(void)http_set(r, "Content-Type", "application/json");
	(void)http_set(r, "X-Content-Type-Options", "nosniff");
	(void)http_set(r, "Cache-Control", "no-store");
}

static void
gateway_begin(struct front_call * c)
{
	if (c->begun || !is_stream(c))
		return;
	c->begun = true;
	set_type(c->carriage);
	http_begin(c->carriage, 200);
}

static void
gateway_message(struct front_call * c, const void * message)
{
	cJSON * value = proto_json(message, PROTO_JSON_GATEWAY), * line;
	struct buffer text = {0};

	if (!is_stream(c)) {
		print(&c->reply, value);
		return;
	}
	line = cJSON_CreateObject();
	cJSON_AddItemToObject(line, "result", value);
	print(&text, line);
	buffer_byte(&text, '\n');
	gateway_begin(c);
	(void)http_write(c->carriage, buffer_all(&text));
	buffer_free(&text);
}

/* Trailers stand in headers, as the answer is known when they are sent. */
static void
set_trailers(struct front_call * c)
{
	struct slice rest = buffer_all(&c->trailers);
	char line[512], name[64];
	const uint8_t * end;
	char * colon;
	size_t n;

	while (rest.n > 0 && (end = memchr(rest.p, '\n', rest.n)) != NULL) {
		n = (size_t)(end - rest.p);
		if (n > 0 && n < sizeof(line)) {
			memcpy(line, rest.p, n - 1);
			line[n - 1] = '\0';
			if ((colon = strstr(line, ": ")) != NULL) {
				*colon = '\0';
				(void)snprintf(name, sizeof(name),
				    "Grpc-Trailer-%s", line);
				(void)http_set(c->carriage, name, colon + 2);
			}
		}
		rest = slice_of(end + 1, rest.n - n - 1);
	}
}

static void
end_stream(struct front_call * c, enum grpc_status status,
    const struct error * err)
{
	struct buffer text = {0};

	if (!c->begun && status != GRPC_OK) {
		set_type(c->carriage);
		http_begin(c->carriage, statuses[status].http);
	} else
		gateway_begin(c);
	if (status != GRPC_OK) {
		print(&text, line_error(status, err));
		buffer_byte(&text, '\n');
		(void)http_write(c->carriage, buffer_all(&text));
		buffer_free(&text);
	}
	http_end(c->carriage, false);
}

static void
gateway_end(struct front_call * c, enum grpc_status status,
    const struct error * err)
{
	static const struct error none;

	if (err == NULL)
		err = &none;
	http_body_max(c->carriage, FRONT_BODY_MAX);
	if (is_stream(c)) {
		end_stream(c, status, err);
		return;
	}
	if (status != GRPC_OK) {
		buffer_clear(&c->reply);
		print(&c->reply, whole_error(status, err));
	}
	set_type(c->carriage);
	if (status == GRPC_UNAUTHENTICATED)
		(void)http_set(c->carriage, "WWW-Authenticate", "Bearer");
	set_trailers(c);
	http_answer(c->carriage, c->reply.failed ? 500 :
	    statuses[status].http, buffer_all(&c->reply));
}

static void
gateway_pause(struct front_call * c, bool paused)
{
	http_pause(c->carriage, paused);
}

static void
gateway_know(struct front_call * c)
{
	http_know(c->carriage);
}

static size_t
gateway_queued(const struct front_call * c)
{
	return (http_queued(c->carriage) + c->reply.n);
}

static void
gateway_wait(struct front_call * c, size_t n)
{
	http_wait(c->carriage, n);
}

/* A line, or all there is of a call with one message. */
static bool
next_text(struct front_call * c, struct slice * text)
{
	struct slice in = slice_of(c->in.p + c->in_at, c->in.n - c->in_at);
	const uint8_t * end;

	*text = in;
	if (!c->entry->method->client_stream) {
		c->in_at = c->in.n;
		return (!c->started);
	}
	end = in.n == 0 ? NULL : memchr(in.p, '\n', in.n);
	if (in.n == 0 || (end == NULL && !c->input_ended))
		return (false);
	if (end != NULL)
		text->n = (size_t)(end - in.p);
	c->in_at += text->n + (end != NULL);
	return (true);
}

static bool
is_blank(struct slice text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		if (memchr(" \t\r\n", text.p[i], 4) == NULL)
			return (false);
	return (true);
}

static enum front_found
gateway_next(struct front_call * c, struct buffer * out, struct error * err)
{
	struct slice text;

	do {
		if (!next_text(c, &text)) {
			if (c->in.n - c->in_at <= FRONT_BODY_MAX)
				return (FRONT_WAIT);
			c->refusal = GRPC_RESOURCE_EXHAUSTED;
			*err = grpc_status_text("a line is too long");
			return (FRONT_FAILED);
		}
	} while (c->entry->method->client_stream && is_blank(text));
	if (proto_json_read(out, c->entry->method->request, text, err) == 0)
		return (FRONT_MESSAGE);
	/* As in Go, what is no message is a status without codes. */
	*err = grpc_status_text(err->text);
	c->refusal = GRPC_INVALID_ARGUMENT;
	return (FRONT_FAILED);
}

static const struct front_carrier carrier = {
	.begin = gateway_begin,
	.message = gateway_message,
	.end = gateway_end,
	.pause = gateway_pause,
	.know = gateway_know,
	.queued = gateway_queued,
	.wait = gateway_wait,
	.next = gateway_next,
};

/* --- the request ---------------------------------------------------------- */

static void
on_data(struct http_request * r, struct slice bytes)
{
	struct front_call * c = http_user(r);

	front_call_hold(c);
	front_call_take(c, bytes);
	if (c->carrier != NULL && c->entry->method->client_stream)
		front_call_read(c);
	front_call_drop(c);
}

static void
on_end(struct http_request * r)
{
	front_call_input_end(http_user(r));
}

static void
on_writable(struct http_request * r)
{
	front_call_writable(http_user(r));
}

static void
on_closed(struct http_request * r)
{
	struct front_call * c = http_user(r);

	http_end(r, true);
	front_call_gone(c);
}

static const struct http_events events = {
	.data = on_data,
	.end = on_end,
	.writable = on_writable,
	.closed = on_closed,
};

/* /a.v1/Service/X is the method X of a.v1.Service. */
static const struct front_entry *
find(const struct front * f, const char * path)
{
	char name[256];
	char * slash;

	if ((size_t)snprintf(name, sizeof(name), "%s", path) >=
	    sizeof(name) || name[0] != '/')
		return (NULL);
	if ((slash = strchr(name + 1, '/')) == NULL ||
	    strchr(slash + 1, '/') == NULL)
		return (NULL);
	*slash = '.';
	return (front_find(f, name));
}

void
front_gateway_open(struct front_listener * l, struct http_request * r)
{
	const struct front_entry * entry = find(l->front, http_path(r));
	struct front_call * c = front_call_new(l->front, &carrier, r);

	if (c == NULL) {
		front_answer(r, 503, "too many calls");
		return;
	}
	http_watch(r, &events, c);
	if (entry != NULL && entry->method->client_stream)
		http_body_max(r, SIZE_MAX);
	if (!front_headers_keep(c, r))
		front_call_cancel(c, GRPC_RESOURCE_EXHAUSTED,
		    "the headers are too large");
	else
		(void)front_call_open(c, l, entry);
}
