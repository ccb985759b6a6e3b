/* many.c: HTTP/2 by nghttp2, without the budgets of a real client. */
#include "many.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "bench.h"
#include "server/grpc_dial.h"
#include "server/grpc_frame.h"

#define WINDOW (1 << 20)

struct many {
	int fd;
	bool lost;
	nghttp2_session * session;
	struct buffer unsent;
	const char * token;
	struct many_counts counts;
};

/* A call: what is to be sent, and where in its frames the answer is. */
struct ask {
	struct buffer out;
	size_t sent;
	uint8_t header[GRPC_FRAME_HEADER];
	size_t header_n;
	size_t left;              /* bytes of a message that begun */
	bool good;                /* grpc-status: 0 */
};

/* --- what comes ----------------------------------------------------------- */

static void
take(struct many * m, struct ask * a, struct slice in)
{
	size_t n;

	while (in.n > 0) {
		if (a->left > 0) {
			n = in.n < a->left ? in.n : a->left;
			a->left -= n;
			in = slice_of(in.p + n, in.n - n);
			m->counts.replies += a->left == 0;
			continue;
		}
		a->header[a->header_n++] = *in.p;
		in = slice_of(in.p + 1, in.n - 1);
		if (a->header_n < GRPC_FRAME_HEADER)
			continue;
		a->header_n = 0;
		a->left = (size_t)a->header[1] << 24 |
		    (size_t)a->header[2] << 16 | (size_t)a->header[3] << 8 |
		    a->header[4];
		m->counts.replies += a->left == 0;
	}
}

static int
on_data(nghttp2_session * session, uint8_t flags, int32_t id,
    const uint8_t * p, size_t n, void * user)
{
	struct ask * a = nghttp2_session_get_stream_user_data(session, id);

	(void)flags;
	if (a != NULL)
		take(user, a, slice_of(p, n));
	return (0);
}

static int
on_header(nghttp2_session * session, const nghttp2_frame * frame,
    const uint8_t * name, size_t name_n, const uint8_t * value, size_t value_n,
    uint8_t flags, void * user)
{
	struct ask * a = nghttp2_session_get_stream_user_data(session,
	    frame->hd.stream_id);

	(void)flags;
	(void)user;
	if (a != NULL && slice_equal(slice_of(name, name_n),
	    slice_text("grpc-status")))
		a->good = slice_equal(slice_of(value, value_n),
		    slice_text("0"));
	return (0);
}

static int
on_close(nghttp2_session * session, int32_t id, uint32_t code, void * user)
{
	struct ask * a = nghttp2_session_get_stream_user_data(session, id);
	struct many * m = user;

	(void)code;
	if (a == NULL)
		return (0);
	m->counts.ended++;
	m->counts.failed += !a->good;
	buffer_free(&a->out);
	free(a);
	return (0);
}

/* --- connection ----------------------------------------------------------- */

static int
greet(struct many * m)
{
	const nghttp2_settings_entry settings[] = {
	    {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
	nghttp2_session_callbacks * callbacks;
	int rc;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return (-1);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
	    on_data);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
	    on_close);
	rc = nghttp2_session_client_new(&m->session, callbacks, m);
	nghttp2_session_callbacks_del(callbacks);
	if (rc != 0 || nghttp2_submit_settings(m->session, NGHTTP2_FLAG_NONE,
	    settings, 1) != 0 || nghttp2_session_set_local_window_size(
	    m->session, NGHTTP2_FLAG_NONE, 0, WINDOW) != 0)
		return (-1);
	return (0);
}

int
many_open(struct many ** out, const char * address)
{
	struct many * m = calloc(1, sizeof(*m));

	if (m == NULL)
		return (-1);
	m->fd = -1;
	if (grpc_dial(address, grpc_dial_now() + 10000, &m->fd, NULL) != 0 ||
	    greet(m) != 0) {
		many_close(m);
		return (-1);
	}
	*out = m;
	return (0);
}

void
many_close(struct many * m)
{
	if (m == NULL)
		return;
	if (m->session != NULL)
		(void)nghttp2_session_terminate_session(m->session, 0);
	nghttp2_session_del(m->session);
	if (m->fd >= 0)
		(void)close(m->fd);
	buffer_free(&m->unsent);
	free(m);
}

void
many_show(struct many * m, const char * token)
{
	m->token = token;
}

const struct many_counts *
many_counts(const struct many * m)
{
	return (&m->counts);
}

/* --- asking --------------------------------------------------------------- */

static ssize_t
read_ask(nghttp2_session * session, int32_t id, uint8_t * p, size_t n,
    uint32_t * flags, nghttp2_data_source * source, void * user)
{
	struct ask * a = source->ptr;

	(void)session;
	(void)id;
	(void)user;
	if (n > a->out.n - a->sent)
		n = a->out.n - a->sent;
	memcpy(p, a->out.p + a->sent, n);
	a->sent += n;
	if (a->sent == a->out.n)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return ((ssize_t)n);
}

static nghttp2_nv
header(const char * name, const char * value)
{
	return ((nghttp2_nv){(uint8_t *)(uintptr_t)name,
	    (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
	    NGHTTP2_NV_FLAG_NONE});
}

int
many_begin(struct many * m, const char * service, const char * method,
    struct slice message)
{
	struct ask * a = calloc(1, sizeof(*a));
	nghttp2_data_provider provider = {{.ptr = a}, read_ask};
	nghttp2_nv list[7];
	char path[256], bearer[2048];
	size_t n = 0;

	if (a == NULL)
		return (-1);
	(void)snprintf(path, sizeof(path), "/%s/%s", service, method);
	list[n++] = header(":method", "POST");
	list[n++] = header(":scheme", "http");
	list[n++] = header(":path", path);
	list[n++] = header(":authority", "localhost");
	list[n++] = header("content-type", "application/grpc");
	list[n++] = header("te", "trailers");
	if (m->token != NULL) {
		(void)snprintf(bearer, sizeof(bearer), "bearer %s", m->token);
		list[n++] = header("authorization", bearer);
	}
	grpc_frame_header(&a->out, message.n);
	buffer_slice(&a->out, message);
	if (a->out.failed || nghttp2_submit_request(m->session, NULL, list, n,
	    &provider, a) < 0) {
		buffer_free(&a->out);
		free(a);
		return (-1);
	}
	m->counts.begun++;
	return (0);
}

/* --- running -------------------------------------------------------------- */

static void
flush(struct many * m)
{
	const uint8_t * p;
	ssize_t n;

	while (!m->lost) {
		if (m->unsent.n == 0) {
			n = nghttp2_session_mem_send(m->session, &p);
			m->lost |= n < 0;
			if (n <= 0)
				return;
			buffer_append(&m->unsent, p, (size_t)n);
		}
		n = send(m->fd, m->unsent.p, m->unsent.n, MSG_NOSIGNAL);
		if (n < 0) {
			m->lost |= errno != EAGAIN;
			return;
		}
		buffer_consume(&m->unsent, (size_t)n);
	}
}

static void
receive(struct many * m)
{
	uint8_t bytes[65536];
	ssize_t n = recv(m->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	m->lost |= n <= 0 ||
	    nghttp2_session_mem_recv(m->session, bytes, (size_t)n) < 0;
}

int
many_run(struct many * m, unsigned long replies, unsigned long ended,
    double limit)
{
	uint64_t until = grpc_dial_now() + (uint64_t)(limit * 1000);

	for (;;) {
		flush(m);
		if (m->counts.replies >= replies && m->counts.ended >= ended)
			return (0);
		if (m->lost || grpc_dial_wait(m->fd, m->unsent.n > 0, until,
		    NULL) != GRPC_DIAL_READY)
			return (-1);
		receive(m);
	}
}
