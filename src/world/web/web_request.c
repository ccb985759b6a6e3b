/* web_request.c: what curl is told of a request. */
#include <stdlib.h>
#include <sys/socket.h>

#include "server/grpc_frame.h"
#include "world/web/web_impl.h"

/* No server is called by a longer address, bytes. */
#define URL_MAX 8192

static bool
add_header(struct web_transfer * t, const char * line)
{
	struct curl_slist * longer = curl_slist_append(t->headers, line);

	if (longer == NULL)
		return (false);
	t->headers = longer;
	return (true);
}

/* A control character would begin a header of its own. */
static bool
is_plain(const char * text)
{
	const unsigned char * p;

	for (p = (const unsigned char *)text; *p != '\0'; p++)
		if (*p <= ' ' || *p == 0x7f)
			return (false);
	return (true);
}

/* --- whom strangers name ------------------------------------------------- */

/* Asked for each address that a name has, when it is connected to: so a name
 * that is looked up anew does not get by. */
static curl_socket_t
open_socket(void * user, curlsocktype purpose, struct curl_sockaddr * at)
{
	struct web_transfer * t = user;

	(void)purpose;
	if (!web_address_is_public(&at->addr)) {
		t->inside = true;
		return (CURL_SOCKET_BAD);
	}
	return (socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol));
}

/* What curl looks at. */
static bool
is_proxied(void)
{
	static const char * const names[] = {"http_proxy", "https_proxy",
	    "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	const char * value;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((value = getenv(names[i])) != NULL && *value != '\0')
			return (true);
	return (false);
}

static bool
set_stranger(struct web_transfer * t)
{
	return (!t->request->stranger || is_proxied() ||
	    (curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION,
	        open_socket) == CURLE_OK &&
	     curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t) ==
	        CURLE_OK));
}

/* Who we are, to a server that asks. */
static bool
set_certificate(struct web_transfer * t)
{
	const struct web_request * r = t->request;

	return (r->certificate == NULL ||
	    (curl_easy_setopt(t->easy, CURLOPT_SSLCERT, r->certificate) ==
	        CURLE_OK &&
	     curl_easy_setopt(t->easy, CURLOPT_SSLKEY, r->key) == CURLE_OK));
}

/* --- options that every request has --------------------------------------- */

static bool
set_common(struct web_transfer * t, const char * ca_file)
{
	const struct web_request * r = t->request;
	uint64_t ms = r->timeout_ms == 0 ? WEB_TIMEOUT_MS : r->timeout_ms;
	CURL * e = t->easy;
	bool ok;

	if (ms > INT32_MAX)
		ms = INT32_MAX;
	ok = curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->why) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)ms) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR,
	        "http,https") == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_SSLVERSION,
	        (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION,
	        web_answer_header) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION,
	        web_answer_body) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK;
	if (ok && ca_file != NULL)
		ok = curl_easy_setopt(e, CURLOPT_CAINFO, ca_file) ==
		    CURLE_OK &&
		    curl_easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK;
	return (ok);
}

static bool
set_body(struct web_transfer * t, struct slice body)
{
	CURL * e = t->easy;

	return (curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
	        (curl_off_t)body.n) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_POSTFIELDS,
	        body.n == 0 ? (const uint8_t *)"" : body.p) == CURLE_OK);
}

/* --- HTTP ----------------------------------------------------------------- */

static int
set_http(struct web_transfer * t)
{
	const struct web_request * r = t->request;
	const char * method = r->method == NULL ? "GET" : r->method;
	size_t i;

	if (r->url == NULL || strlen(r->url) > URL_MAX || !is_plain(r->url))
		return (-ERR_INVALID_INPUT);
	if (curl_easy_setopt(t->easy, CURLOPT_URL, r->url) != CURLE_OK ||
	    /* Many at once share a connection of HTTP/2. */
	    curl_easy_setopt(t->easy, CURLOPT_PIPEWAIT, 1L) != CURLE_OK ||
	    (r->body.n > 0 && !set_body(t, r->body)) ||
	    curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST,
	        method) != CURLE_OK)
		return (-ERR_INTERNAL);
	if (strcmp(method, "POST") == 0 && r->body.n == 0 &&
	    !set_body(t, r->body))
		return (-ERR_INTERNAL);
	/* What curl adds by itself for a body, nobody asked for. */
	if (!add_header(t, "Expect:"))
		return (-ERR_INTERNAL);
	for (i = 0; r->headers != NULL && r->headers[i] != NULL; i++)
		if (strpbrk(r->headers[i], "\r\n") != NULL)
			return (-ERR_INVALID_INPUT);
		else if (!add_header(t, r->headers[i]))
			return (-ERR_INTERNAL);
	return (0);
}

/* --- gRPC ----------------------------------------------------------------- */

/* host:port and nothing else: what follows would be another path. */
static bool
is_server(const char * server)
{
	return (server != NULL && *server != '\0' &&
	    strlen(server) <= URL_MAX / 2 && is_plain(server) &&
	    strpbrk(server, "/?#@\\") == NULL);
}

static int
set_grpc_headers(struct web_transfer * t)
{
	const struct web_request * r = t->request;
	struct buffer line = {0};
	int rc = 0;

	if (r->bearer != NULL && !is_plain(r->bearer))
		return (-ERR_INVALID_INPUT);
	if (!add_header(t, "content-type: application/grpc") ||
	    !add_header(t, "te: trailers") || !add_header(t, "Expect:") ||
	    !add_header(t, "Accept:"))
		return (-ERR_INTERNAL);
	if (r->bearer != NULL) {
		buffer_printf(&line, "authorization: bearer %s", r->bearer);
		buffer_byte(&line, 0);
		if (line.failed || !add_header(t, (char *)line.p))
			rc = -ERR_INTERNAL;
	}
	buffer_clear(&line);
	buffer_text(&line, "grpc-timeout: ");
	grpc_frame_write_timeout(&line,
	    r->timeout_ms == 0 ? WEB_TIMEOUT_MS : r->timeout_ms);
	buffer_byte(&line, 0);
	if (rc == 0 && (line.failed || !add_header(t, (char *)line.p)))
		rc = -ERR_INTERNAL;
	buffer_wipe(&line);
	return (rc);
}

static int
set_grpc(struct web_transfer * t)
{
	const struct web_request * r = t->request;
	struct buffer url = {0};
	long version = r->insecure ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
	    : CURL_HTTP_VERSION_2TLS;
	int rc;

	if (!is_server(r->server) || r->call == NULL)
		return (-ERR_INVALID_INPUT);
	if ((rc = set_grpc_headers(t)) != 0)
		return (rc);
	grpc_frame_header(&t->body, r->body.n);
	buffer_slice(&t->body, r->body);
	buffer_printf(&url, "%s://%s/%s/%s", r->insecure ? "http" : "https",
	    r->server, r->service, r->call);
	buffer_byte(&url, 0);
	if (url.failed || t->body.failed ||
	    curl_easy_setopt(t->easy, CURLOPT_URL, url.p) != CURLE_OK ||
	    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION,
	        version) != CURLE_OK ||
	    /* curl 7.88 cannot go on with a connection of HTTP/2 without TLS. */
	    curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE,
	        r->insecure ? 1L : 0L) != CURLE_OK ||
	    !set_body(t, buffer_all(&t->body)))
		rc = -ERR_INTERNAL;
	buffer_free(&url);
	return (rc);
}

int
web_transfer_new(struct web_transfer ** transfer, struct web_request * r,
    const char * ca_file)
{
	struct web_transfer * t;
	int rc = -ERR_INTERNAL;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		goto err0;
	list_init(&t->place);
	t->request = r;
	t->status = -1;
	if ((t->easy = curl_easy_init()) == NULL ||
	    !set_common(t, ca_file) || !set_stranger(t) ||
	    !set_certificate(t))
		goto err1;
	rc = r->service == NULL ? set_http(t) : set_grpc(t);
	if (rc != 0)
		goto err1;
	rc = -ERR_INTERNAL;
	if (curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER,
	    t->headers) != CURLE_OK)
		goto err1;
	*transfer = t;
	return (0);

err1:
	web_transfer_free(t);
err0:
	return (error_set(&r->err, -rc, rc == -ERR_INVALID_INPUT
	    ? "this is no address of a server" : "out of memory"));
}

void
web_transfer_free(struct web_transfer * t)
{
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	buffer_wipe(&t->body);
	buffer_free(&t->text);
	buffer_free(&t->details);
	free(t);
}
