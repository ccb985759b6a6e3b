/*
 * The front over real sockets: what clients may use up.  One toy service: Wait
 * never answers, Pour answers as much as is taken.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "daemon/front/front.h"
#include "server/websocket.h"
#include "world/os/world_os.h"

#define MESSAGE_MAX ((size_t)(4 * 1024 * 1024))

struct toy {
	unsigned handled, cancelled, poured;
	bool told_to_wait;
};

/* --- the service ---------------------------------------------------------- */

static void
on_cancelled(struct api_call * call)
{
	((struct toy *)call->user)->cancelled++;
	call->transport->finish(call, NULL);
}

static void
wait_for_ever(struct api_call * call)
{
	((struct toy *)call->user)->handled++;
	call->on_cancelled = on_cancelled;
}

static void
answer_once(struct api_call * call)
{
	Berty__Protocol__V1__AttachmentRetrieve__Reply reply =
	    BERTY__PROTOCOL__V1__ATTACHMENT_RETRIEVE__REPLY__INIT;

	((struct toy *)call->user)->handled++;
	api_answer(call, &reply);
}

static void
pour(struct api_call * call)
{
	static uint8_t bytes[60000];
	Berty__Protocol__V1__AttachmentRetrieve__Reply reply =
	    BERTY__PROTOCOL__V1__ATTACHMENT_RETRIEVE__REPLY__INIT;
	struct toy * toy = call->user;

	toy->handled++;
	call->on_cancelled = on_cancelled;
	call->on_writable = pour;
	reply.block = (ProtobufCBinaryData){sizeof(bytes), bytes};
	while (!call->transport->reply(call, &reply))
		toy->poured++;
	toy->told_to_wait = true;
}

#define ASK &berty__protocol__v1__attachment_retrieve__request__descriptor
#define TELL &berty__protocol__v1__attachment_retrieve__reply__descriptor

static const struct api_method methods[] = {
	{"toy.Service", "Wait", ASK, TELL, false, true, wait_for_ever},
	{"toy.Service", "Pour", ASK, TELL, false, true, pour},
	{"toy.Service", "Once", ASK, TELL, false, false, answer_once},
};

/* --- the place ------------------------------------------------------------ */

struct place {
	struct world * world;
	struct front * front;
	struct toy toy;
	char folder[64], path[3][96];
	bool stopped;
};

static void
place_make(struct place * p, const struct front_options * options)
{
	static const char * const carriers[] = {"grpcweb", "grpcws", "grpcgw"};
	const struct api_service service = {.methods = methods, .n = 3};
	struct error err = {0};
	char address[128];
	size_t i;

	memset(p, 0, sizeof(*p));
	(void)snprintf(p->folder, sizeof(p->folder), "/tmp/berty-frontXXXXXX");
	assert_non_null(mkdtemp(p->folder));
	p->world = world_os_new(NULL);
	p->front = front_new(p->world, options, NULL);
	assert_int_equal(0, front_add(p->front, &service, NULL, &p->toy));
	for (i = 0; i < 3; i++) {
		(void)snprintf(p->path[i], sizeof(p->path[i]), "%s/%s.sock",
		    p->folder, carriers[i]);
		(void)snprintf(address, sizeof(address), "/unix%s/%s",
		    p->path[i], carriers[i]);
		assert_true(front_serves(address));
		assert_int_equal(0, front_listen(p->front, address, &err));
		assert_string_equal(address, front_address(p->front, i));
	}
}

static void
stopped(void * user)
{
	((struct place *)user)->stopped = true;
}

static void
place_end(struct place * p)
{
	front_stop(p->front, 0, stopped, p);
	while (!p->stopped)
		world_os_turn(p->world);
	world_os_turn(p->world);
	world_os_free(p->world);
	assert_int_equal(0, rmdir(p->folder));
}

/* Let the front work until that is so, or for very long. */
#define turn_until(p, condition) \
	do { \
		unsigned left_ = 20000; \
		while (!(condition) && --left_ > 0) { \
			world_os_turn((p)->world); \
			(void)poll(NULL, 0, 1); \
		} \
		assert_true(condition); \
	} while (0)

static int
dial(struct place * p, size_t carrier)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s",
	    p->path[carrier]);
	assert_int_equal(0, connect(fd, (struct sockaddr *)&at, sizeof(at)));
	return (fd);
}

/* Write all of it, however often the front has to turn. */
static void
write_all(struct place * p, int fd, const void * bytes, size_t n)
{
	const char * from = bytes;
	ssize_t done;

	while (n > 0) {
		done = send(fd, from, n, MSG_NOSIGNAL);
		if (done > 0) {
			from += done;
			n -= (size_t)done;
		}
		world_os_turn(p->world);
	}
}

static void
write_text(struct place * p, int fd, const char * text)
{
	write_all(p, fd, text, strlen(text));
}

/* A request of gRPC-Web whose body is `sent` of n bytes of one frame. */
static int
post(struct place * p, const char * method, size_t n, size_t sent)
{
	int fd = dial(p, 0);
	uint8_t * body = calloc(1, n + 5);
	size_t field = n - 5;
	char head[256];

	(void)snprintf(head, sizeof(head), "POST /toy.Service/%s HTTP/1.1\r\n"
	    "Host: x\r\nContent-Type: application/grpc-web\r\n"
	    "Content-Length: %zu\r\n\r\n", method, n + 5);
	write_text(p, fd, head);
	body[1] = (uint8_t)(n >> 24);
	body[2] = (uint8_t)(n >> 16);
	body[3] = (uint8_t)(n >> 8);
	body[4] = (uint8_t)n;
	if (n > 5) {
		/* One field of bytes that fills the message. */
		body[5] = 0x0a;
		body[6] = (uint8_t)(field | 0x80);
		body[7] = (uint8_t)(field >> 7 | 0x80);
		body[8] = (uint8_t)(field >> 14 | 0x80);
		body[9] = (uint8_t)(field >> 21);
	}
	write_all(p, fd, body, sent > n + 5 ? n + 5 : sent);
	free(body);
	return (fd);
}

struct answer {
	char text[4096];
	size_t n;
	bool over;
};

/* What came; the first bytes of it are enough. */
static void
listen_to(struct answer * a, int fd)
{
	char more[4096];
	size_t room = sizeof(a->text) - 1 - a->n;
	ssize_t n = recv(fd, more, sizeof(more), 0);
	size_t i;

	a->over = a->over || n == 0;
	for (i = 0; n > 0 && i < (size_t)n && i < room; i++)
		a->text[a->n++] = more[i] == '\0' ? ' ' : more[i];
	a->text[a->n] = '\0';
}

static bool
says(struct answer * a, int fd, const char * text)
{
	listen_to(a, fd);
	return (strstr(a->text, text) != NULL);
}

struct looked {
	const char * name;
	struct budget found;
};

static void
look(void * user, const struct budget * b)
{
	struct looked * l = user;

	if (strcmp(b->name, l->name) == 0)
		l->found = *b;
}

static struct budget
budget_of(struct place * p, const char * name)
{
	struct looked l = {.name = name};

	front_budgets(p->front, &(struct budget_walk){look, &l});
	return (l.found);
}

/* --- the tests ------------------------------------------------------------ */

static void
calls_of_all_carriers_are_limited(void ** state)
{
	struct place p;
	struct answer a = {0};
	int web, socket_fd, more;

	(void)state;
	place_make(&p, &(struct front_options){.calls_max = 2});
	web = post(&p, "Wait", 0, 5);
	turn_until(&p, p.toy.handled == 1);
	socket_fd = dial(&p, 1);
	write_text(&p, socket_fd, "GET /toy.Service/Wait HTTP/1.1\r\nHost: x\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Protocol: grpc-websockets\r\n\r\n");
	turn_until(&p, says(&a, socket_fd, "101 "));
	assert_int_equal(2, budget_of(&p, "front.calls").used);
	more = post(&p, "Wait", 0, 5);
	memset(&a, 0, sizeof(a));
	turn_until(&p, says(&a, more, "grpc-status: 8"));
	assert_int_equal(1, p.toy.handled);
	/* Who goes makes room. */
	(void)close(web);
	turn_until(&p, p.toy.cancelled == 1);
	(void)close(more);
	more = post(&p, "Wait", 0, 5);
	turn_until(&p, p.toy.handled == 2);
	(void)close(more);
	(void)close(socket_fd);
	turn_until(&p, budget_of(&p, "front.calls").used == 0);
	place_end(&p);
}

static void
bytes_of_unfinished_bodies_are_limited(void ** state)
{
	struct place p;
	struct answer a = {0};
	int half, more;

	(void)state;
	place_make(&p, &(struct front_options){.unfinished_max = 20000});
	/* The last quarter is for those who have little. */
	half = post(&p, "Once", 14000, 14000);
	turn_until(&p, budget_of(&p, "front.unfinished_bytes").used >= 13000);
	more = post(&p, "Once", 14000, SIZE_MAX);
	turn_until(&p, says(&a, more, "grpc-status: 8"));
	assert_int_equal(0, p.toy.handled);
	assert_true(budget_of(&p, "front.unfinished_bytes").refused > 0);
	(void)close(more);
	(void)close(half);
	turn_until(&p, budget_of(&p, "front.unfinished_bytes").used == 0);
	place_end(&p);
}

static void
answers_that_nobody_reads_are_limited_in_all(void ** state)
{
	struct place p;
	struct budget queued;
	int fds[8];
	size_t i;

	(void)state;
	place_make(&p, &(struct front_options){.queued_max = 2000000});
	for (i = 0; i < 8; i++) {
		fds[i] = post(&p, "Pour", 0, 5);
		turn_until(&p, p.toy.handled >= i + 1);
		assert_true(p.toy.told_to_wait);
	}
	queued = budget_of(&p, "front.queued_bytes");
	/* Those who come late are told to wait with a message each. */
	assert_true(queued.peak <= 2000000);
	assert_int_equal(0, p.toy.cancelled);
	for (i = 0; i < 8; i++)
		(void)close(fds[i]);
	turn_until(&p, p.toy.cancelled == 8);
	turn_until(&p, budget_of(&p, "front.queued_bytes").used == 0);
	place_end(&p);
}

static void
a_message_of_4_mib_is_read_and_no_larger_one(void ** state)
{
	struct place p;
	struct answer a = {0};
	int fd;

	(void)state;
	place_make(&p, &(struct front_options){0});
	fd = post(&p, "Once", MESSAGE_MAX, SIZE_MAX);
	turn_until(&p, says(&a, fd, "grpc-status: 0"));
	(void)close(fd);
	memset(&a, 0, sizeof(a));
	fd = post(&p, "Once", MESSAGE_MAX + 1, SIZE_MAX);
	turn_until(&p, says(&a, fd, "grpc-status: 8"));
	assert_int_equal(1, p.toy.handled);
	(void)close(fd);
	place_end(&p);
}

static void
a_websocket_that_sends_no_headers_is_closed(void ** state)
{
	struct place p;
	struct answer a = {0};
	int fd;

	(void)state;
	place_make(&p, &(struct front_options){.headers_ms = 50});
	fd = dial(&p, 1);
	write_text(&p, fd, "GET /toy.Service/Wait HTTP/1.1\r\nHost: x\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Protocol: grpc-websockets\r\n\r\n");
	/* 1008, behind the answer. */
	turn_until(&p, says(&a, fd, "\x88\x02\x03\xf0"));
	(void)close(fd);
	turn_until(&p, budget_of(&p, "front.calls").used == 0);
	place_end(&p);
}

static void
who_says_nothing_gives_way_to_who_comes(void ** state)
{
	struct place p;
	struct answer a = {0};
	int silent[20], sockets[20], waiting, fd;
	size_t i;

	(void)state;
	place_make(&p, &(struct front_options){.connections_max = 8});
	waiting = post(&p, "Wait", 0, 5);
	turn_until(&p, p.toy.handled == 1);
	for (i = 0; i < 20; i++) {
		silent[i] = dial(&p, 0);
		/* Some say a little. */
		write_text(&p, silent[i], i % 2 == 0 ? "" : "POST / HT");
		world_os_turn(p.world);
	}
	for (i = 0; i < 20; i++) {
		sockets[i] = dial(&p, 1);
		write_text(&p, sockets[i], "GET /toy.Service/Wait HTTP/1.1\r\n"
		    "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		    "Sec-WebSocket-Version: 13\r\n"
		    "Sec-WebSocket-Protocol: grpc-websockets\r\n\r\n");
		memset(&a, 0, sizeof(a));
		turn_until(&p, says(&a, sockets[i], "101 "));
	}
	memset(&a, 0, sizeof(a));
	fd = post(&p, "Once", 0, 5);
	turn_until(&p, says(&a, fd, "grpc-status: 0"));
	/* Who is known stays. */
	assert_int_equal(0, p.toy.cancelled);
	for (i = 0; i < 20; i++) {
		(void)close(silent[i]);
		(void)close(sockets[i]);
	}
	(void)close(fd);
	(void)close(waiting);
	turn_until(&p, p.toy.cancelled == 1);
	place_end(&p);
}

static void
a_front_that_stops_cancels_its_calls(void ** state)
{
	struct place p;
	int fd, other;

	(void)state;
	place_make(&p, &(struct front_options){0});
	fd = post(&p, "Wait", 0, 5);
	other = post(&p, "Pour", 0, 5);
	turn_until(&p, p.toy.handled == 2);
	place_end(&p);
	assert_int_equal(2, p.toy.cancelled);
	(void)close(fd);
	(void)close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(calls_of_all_carriers_are_limited),
	    cmocka_unit_test(bytes_of_unfinished_bodies_are_limited),
	    cmocka_unit_test(answers_that_nobody_reads_are_limited_in_all),
	    cmocka_unit_test(a_message_of_4_mib_is_read_and_no_larger_one),
	    cmocka_unit_test(a_websocket_that_sends_no_headers_is_closed),
	    cmocka_unit_test(who_says_nothing_gives_way_to_who_comes),
	    cmocka_unit_test(a_front_that_stops_cancels_its_calls)};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
