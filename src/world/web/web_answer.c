/* web_answer.c: what a server answered, or why it did not. */
#include <stdlib.h>
#include <strings.h>

#include "server/grpc_frame.h"
#include "server/grpc_status.h"
#include "world/web/web_impl.h"

/* --- while it comes ------------------------------------------------------- */

/* The value of the named header in a line, or nothing. */
static bool
header_is(struct slice line, const char * name, struct slice * value)
{
	size_t n = strlen(name);

	if (line.n <= n || line.p[n] != ':' ||
	    strncasecmp((const char *)line.p, name, n) != 0)
		return (false);
	line.p += n + 1;
	line.n -= n + 1;
	while (line.n > 0 && (*line.p == ' ' || *line.p == '\t'))
		line.p++, line.n--;
	while (line.n > 0 && (line.p[line.n - 1] == '\r' ||
	    line.p[line.n - 1] == '\n' || line.p[line.n - 1] == ' '))
		line.n--;
	*value = line;
	return (true);
}

/* A status of gRPC: one or two digits; anything else is none. */
static int
parse_status(struct slice s)
{
	if (s.n == 1 && s.p[0] >= '0' && s.p[0] <= '9')
		return (s.p[0] - '0');
	if (s.n == 2 && s.p[0] == '1' && s.p[1] >= '0' && s.p[1] <= '9')
		return (10 + s.p[1] - '0');
	return (-1);
}

static void
grpc_header(struct web_transfer * t, struct slice line)
{
	struct slice value;

	if (header_is(line, "content-type", &value))
		t->grpc = value.n >= 16 && strncasecmp((const char *)value.p,
		    "application/grpc", 16) == 0;
	else if (header_is(line, "grpc-status", &value))
		t->status = parse_status(value);
	else if (header_is(line, "grpc-message", &value)) {
		buffer_clear(&t->text);
		grpc_status_decode_text(&t->text, value);
		buffer_byte(&t->text, 0);
	} else if (header_is(line, "grpc-status-details-bin", &value)) {
		buffer_clear(&t->details);
		if (grpc_status_unbase64(&t->details, value) != 0)
			buffer_clear(&t->details);
	}
}

size_t
web_answer_header(char * p, size_t size, size_t n, void * user)
{
	struct web_transfer * t = user;

	t->header_bytes += size * n;
	if (t->header_bytes > WEB_HEADERS_MAX) {
		t->too_large = true;
		return (size * n);
	}
	if (t->request->service != NULL)
		grpc_header(t, slice_of(p, size * n));
	return (size * n);
}

size_t
web_answer_body(char * p, size_t size, size_t n, void * user)
{
	struct web_transfer * t = user;
	struct web_request * r = t->request;
	size_t max = r->answer_max == 0 ? WEB_ANSWER_MAX : r->answer_max;

	if (r->service != NULL)
		max += GRPC_FRAME_HEADER;
	/*
	 * It is ended from the loop: what breaks off here, curl does not part
	 * from in good order, and the connection is lost for others.
	 */
	if (t->too_large || size * n > max - r->answer.n) {
		t->too_large = true;
		return (size * n);
	}
	buffer_append(&r->answer, p, size * n);
	return (r->answer.failed ? 0 : size * n);
}

/* --- at the end ----------------------------------------------------------- */

/* Was the server there, and did it hear us? */
static int
code_of(struct web_transfer * t, CURLcode result)
{
	curl_off_t sent = 0;

	switch (result) {
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return (ERR_INVALID_INPUT);
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SEND_ERROR:
		return (ERR_STREAM_WRITE);
	case CURLE_OPERATION_TIMEDOUT:
		(void)curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T,
		    &sent);
		return (sent == 0 ? ERR_STREAM_WRITE : ERR_STREAM_READ);
	default:
		return (ERR_STREAM_READ);
	}
}

static int
failed(struct web_transfer * t, CURLcode result)
{
	if (t->too_large)
		return (error_set(&t->request->err, ERR_STREAM_READ,
		    "the server's answer is too large"));
	if (t->inside && code_of(t, result) == ERR_STREAM_WRITE)
		return (error_set(&t->request->err, ERR_STREAM_WRITE,
		    "others named an address of this machine or its network"));
	return (error_set(&t->request->err, code_of(t, result), "%.150s",
	    t->why[0] == '\0' ? curl_easy_strerror(result) : t->why));
}

/* Source: gRPC document "HTTP to gRPC Status Code Mapping". */
static enum grpc_status
status_of_http(long http)
{
	switch (http) {
	case 400:
		return (GRPC_INTERNAL);
	case 401:
		return (GRPC_UNAUTHENTICATED);
	case 403:
		return (GRPC_PERMISSION_DENIED);
	case 404:
		return (GRPC_UNIMPLEMENTED);
	case 429:
	case 502:
	case 503:
	case 504:
		return (GRPC_UNAVAILABLE);
	default:
		return (GRPC_UNKNOWN);
	}
}

/* The one message of an answer, without its prefix. */
static int
take_message(struct web_request * r)
{
	struct slice message;

	if (grpc_frame_read(buffer_all(&r->answer), r->answer.n, &message) !=
	    GRPC_FRAME_MESSAGE ||
	    message.n + GRPC_FRAME_HEADER != r->answer.n)
		return (error_set(&r->err, ERR_STREAM_READ,
		    "the server did not answer with one message"));
	buffer_consume(&r->answer, GRPC_FRAME_HEADER);
	return (0);
}

static void
take_error(struct web_transfer * t)
{
	struct web_request * r = t->request;
	const char * text = t->text.n == 0 || t->text.failed
	    ? "the server gives no reason" : (char *)t->text.p;

	if (t->details.n == 0 || t->details.failed ||
	    grpc_status_parse(buffer_all(&t->details), &r->err) != 0 ||
	    r->err.n == 0)
		grpc_status_guess(r->status, text, &r->err);
}

static int
grpc_answer(struct web_transfer * t, long http)
{
	struct web_request * r = t->request;

	if (http != 200) {
		r->status = status_of_http(http);
		(void)error_set(&r->err, ERR_STREAM_READ,
		    "the server answered with HTTP status %ld", http);
		return (0);
	}
	if (!t->grpc || t->status < 0)
		return (error_set(&r->err, ERR_STREAM_READ,
		    "the server does not speak gRPC, or broke off"));
	r->status = t->status;
	if (r->status == GRPC_OK)
		return (take_message(r));
	take_error(t);
	return (0);
}

int
web_answer(struct web_transfer * t, CURLcode result)
{
	long http = 0;

	if (result != CURLE_OK)
		return (failed(t, result));
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &http);
	if (t->request->service != NULL)
		return (grpc_answer(t, http));
	t->request->status = (int)http;
	return (0);
}
