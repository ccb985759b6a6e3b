/* test_http_server.c: the HTTP server, asked by sockets of this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "server/http_server.h"

/* So much is streamed to a client that does not read. */
#define STREAM ((size_t)(64 << 20))

struct scene {
	uv_loop_t loop;
	uv_async_t ask;
	uv_timer_t later;
	pthread_t thread;
	struct http_server * server;
	struct http_request * held;
	struct buffer body;
	size_t left;
	atomic_size_t produced;
	atomic_int closed, held_now;
};

/* --- the handler ---------------------------------------------------------- */

static void
produce(struct http_request * r)
{
	static uint8_t piece[10000];
	struct scene * s = http_user(r);

	while (s->left > 0) {
		size_t n = s->left < sizeof(piece) ? s->left : sizeof(piece);

		s->left -= n;
		atomic_fetch_add(&s->produced, n);
		if (http_write(r, slice_of(piece, n)))
			break;
	}
	if (s->left == 0)
		http_end(r, false);
}

static void
count_closed(struct http_request * r)
{
	struct scene * s = http_user(r);

	http_end(r, true);
	atomic_fetch_add(&s->closed, 1);
}

static void
collect(struct http_request * r, struct slice bytes)
{
	struct scene * s = http_user(r);

	buffer_slice(&s->body, bytes);
}

static void
echo(struct http_request * r)
{
	struct scene * s = http_user(r);

	(void)http_set(r, "X-Query", (const char *)http_query(r).p);
	http_answer(r, 201, buffer_all(&s->body));
	buffer_clear(&s->body);
}

static void
answer_held(uv_timer_t * timer)
{
	struct scene * s = timer->data;

	http_answer(s->held, 200, slice_text("late"));
}

static void
let_go_on(uv_timer_t * timer)
{
	struct scene * s = timer->data;

	http_pause(s->held, false);
}

static void
handle(struct http_request * r, void * user)
{
	static const struct http_events posts = {.data = collect, .end = echo,
	    .closed = count_closed};
	static const struct http_events streams = {.writable = produce,
	    .closed = count_closed};
	static const struct http_events waits = {.closed = count_closed};
	struct scene * s = user;

	s->held = r;
	if (strcmp(http_path(r), "/now") == 0)
		http_answer(r, 200, http_header(r, "x-say"));
	else if (strcmp(http_path(r), "/echo") == 0)
		http_watch(r, &posts, s);
	else if (strcmp(http_path(r), "/paused") == 0) {
		http_watch(r, &posts, s);
		http_pause(r, true);
		(void)uv_timer_start(&s->later, let_go_on, 30, 0);
	} else if (strcmp(http_path(r), "/late") == 0) {
		http_watch(r, &waits, s);
		(void)uv_timer_start(&s->later, answer_held, 30, 0);
	} else if (strcmp(http_path(r), "/stream") == 0) {
		http_watch(r, &streams, s);
		s->left = STREAM;
		http_begin(r, 200);
		produce(r);
	} else if (strcmp(http_path(r), "/short") == 0) {
		http_begin(r, 200);
		(void)http_write(r, slice_text("one "));
		(void)http_write(r, slice_text("two"));
		http_end(r, false);
	} else {
		http_watch(r, &waits, s);
		atomic_store(&s->held_now, 1);
	}
}

/* --- the scene ------------------------------------------------------------ */

static void
on_ask(uv_async_t * ask)
{
	struct scene * s = ask->data;

	http_server_free(s->server);
	uv_close((uv_handle_t *)ask, NULL);
	uv_close((uv_handle_t *)&s->later, NULL);
}

static void *
run(void * user)
{
	struct scene * s = user;

	(void)uv_run(&s->loop, UV_RUN_DEFAULT);
	return (NULL);
}

static int
setup(void ** state)
{
	struct scene * s = calloc(1, sizeof(*s));
	struct http_options o = {.handle = handle, .user = s,
	    .body_max = 100000};

	if (s == NULL || uv_loop_init(&s->loop) != 0)
		return (-1);
	(void)uv_async_init(&s->loop, &s->ask, on_ask);
	(void)uv_timer_init(&s->loop, &s->later);
	s->ask.data = s->later.data = s;
	if (http_server_new(&s->server, &s->loop, "127.0.0.1:0", &o, NULL,
	    NULL) != 0)
		return (-1);
	*state = s;
	return (pthread_create(&s->thread, NULL, run, s));
}

static void
end(struct scene * s)
{
	(void)uv_async_send(&s->ask);
	(void)pthread_join(s->thread, NULL);
	s->thread = 0;
}

static int
teardown(void ** state)
{
	struct scene * s = *state;

	if (s->thread != 0)
		end(s);
	(void)uv_loop_close(&s->loop);
	buffer_free(&s->body);
	free(s);
	return (0);
}

/* --- a client ------------------------------------------------------------- */

static int
dial(const struct scene * s)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons((uint16_t)atoi(
	    strrchr(http_server_address(s->server), ':') + 1));
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return (fd);
}

static void
say(int fd, const char * head, size_t zeros)
{
	char piece[4096] = {0};

	assert_int_equal(send(fd, head, strlen(head), MSG_NOSIGNAL),
	    strlen(head));
	while (zeros > 0) {
		size_t n = zeros < sizeof(piece) ? zeros : sizeof(piece);
		ssize_t sent = send(fd, piece, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		zeros -= (size_t)sent;
	}
}

/* All until the server closes; the caller frees. */
static struct buffer
hear(int fd)
{
	struct buffer all = {0};
	char piece[65536];
	ssize_t n;

	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		buffer_append(&all, piece, (size_t)n);
	(void)close(fd);
	buffer_byte(&all, 0);
	return (all);
}

static void
expect(const struct scene * s, const char * request, size_t zeros,
    const char * begins, const char * has)
{
	struct buffer all;
	int fd = dial(s);

	say(fd, request, zeros);
	all = hear(fd);
	assert_memory_equal(all.p, begins, strlen(begins));
	assert_non_null(strstr((char *)all.p, has));
	buffer_free(&all);
}

#define CLOSE "Host: a\r\nConnection: close\r\n"

static void
nap(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	(void)nanosleep(&t, NULL);
}

/* --- the tests ------------------------------------------------------------ */

static void
an_answer_comes_at_once_or_later(void ** state)
{
	expect(*state, "GET /now HTTP/1.1\r\nX-Say: hello\r\n" CLOSE "\r\n", 0,
	    "HTTP/1.1 200", "\r\n\r\nhello");
	expect(*state, "GET /late HTTP/1.1\r\n" CLOSE "\r\n", 0,
	    "HTTP/1.1 200", "\r\n\r\nlate");
	expect(*state, "GET /short HTTP/1.0\r\n\r\n", 0, "HTTP/1.", "one two");
}

static void
a_body_is_read_whole_also_after_a_pause(void ** state)
{
	struct scene * s = *state;
	static const char * const paths[] = {"echo", "paused"};
	char head[200];
	struct buffer all;
	size_t i;
	int fd;

	for (i = 0; i < 2; i++) {
		(void)snprintf(head, sizeof(head), "POST /%s?a=%%20b&c "
		    "HTTP/1.1\r\nContent-Length: 90000\r\n" CLOSE "\r\n",
		    paths[i]);
		fd = dial(s);
		say(fd, head, 90000);
		all = hear(fd);
		assert_non_null(strstr((char *)all.p, "HTTP/1.1 201"));
		/* The query is as it came. */
		assert_non_null(strstr((char *)all.p, "X-Query: a=%20b&c\r\n"));
		assert_true(all.n > 90000 && all.n < 91000);
		buffer_free(&all);
	}
}

static void
a_body_that_is_too_large_is_cut_off(void ** state)
{
	struct scene * s = *state;
	struct buffer all;
	unsigned i;
	int fd = dial(s);

	say(fd, "POST /echo HTTP/1.1\r\nContent-Length: 1000000\r\n" CLOSE
	    "\r\n", 1000000);
	all = hear(fd);
	assert_null(strstr((char *)all.p, "HTTP/1.1 201"));
	buffer_free(&all);
	for (i = 0; atomic_load(&s->closed) == 0 && i < 10000; i++)
		nap(1);
	assert_int_equal(atomic_load(&s->closed), 1);
}

static void
a_client_that_reads_slowly_slows_its_producer(void ** state)
{
	struct scene * s = *state;
	size_t before = 1, now = 0;
	char piece[65536];
	size_t got = 0;
	ssize_t n;
	int fd = dial(s);

	say(fd, "GET /stream HTTP/1.0\r\n\r\n", 0);
	/* Until nothing more comes of it. */
	while (now != before || now == 0) {
		before = now;
		nap(200);
		now = atomic_load(&s->produced);
	}
	assert_true(now < STREAM / 2);
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		got += (size_t)n;
	(void)close(fd);
	assert_true(got > STREAM);
	assert_int_equal(atomic_load(&s->produced), STREAM);
	assert_int_equal(atomic_load(&s->closed), 0);
}

static void
a_client_that_goes_away_is_told_of(void ** state)
{
	struct scene * s = *state;
	char piece[1024];
	unsigned i;
	int fd = dial(s);

	say(fd, "GET /stream HTTP/1.0\r\n\r\n", 0);
	assert_true(recv(fd, piece, sizeof(piece), 0) > 0);
	(void)close(fd);
	for (i = 0; atomic_load(&s->closed) == 0 && i < 10000; i++)
		nap(1);
	assert_int_equal(atomic_load(&s->closed), 1);
}

static void
requests_that_run_are_told_when_the_server_ends(void ** state)
{
	struct scene * s = *state;
	struct buffer all;
	unsigned i;
	int fd = dial(s);

	say(fd, "GET /never HTTP/1.1\r\n" CLOSE "\r\n", 0);
	for (i = 0; atomic_load(&s->held_now) == 0 && i < 10000; i++)
		nap(1);
	end(s);
	assert_int_equal(atomic_load(&s->closed), 1);
	all = hear(fd);
	assert_int_equal(all.n, 1);
	buffer_free(&all);
}

static void
addresses_that_are_none_are_refused(void ** state)
{
	static const char * const bad[] = {"", "a", "127.0.0.1", "127.0.0.1:",
	    "127.0.0.1:http", "127.0.0.1:123456", "no such host.invalid:1"};
	struct http_options o = {.handle = handle};
	struct http_server * server;
	struct error err = {0};
	uv_loop_t loop;
	size_t i;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(http_server_new(&server, &loop, bad[i], &o,
		    NULL, &err), -ERR_INVALID_INPUT);
		assert_int_not_equal(err.text[0], 0);
	}
	assert_int_equal(uv_loop_close(&loop), 0);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SCENE(an_answer_comes_at_once_or_later),
	    SCENE(a_body_is_read_whole_also_after_a_pause),
	    SCENE(a_body_that_is_too_large_is_cut_off),
	    SCENE(a_client_that_reads_slowly_slows_its_producer),
	    SCENE(a_client_that_goes_away_is_told_of),
	    SCENE(requests_that_run_are_told_when_the_server_ends),
	    cmocka_unit_test(addresses_that_are_none_are_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
