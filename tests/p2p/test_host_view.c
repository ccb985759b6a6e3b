/* What a host knows of peers, as views are told it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support/swarm.h"

#define PROTOCOL "/view/1.0.0"

/* What was told, as text: a line a peer, a route, a stream. */
struct told {
	struct swarm * s;
	char text[8192];
	unsigned peers;
};

static void
on_peer(void * user, const struct host_view * view)
{
	struct told * t = user;
	size_t i, n = strlen(t->text);

	for (i = 0; i < t->s->n; i++)
		if (peer_id_equal(&t->s->nodes[i].id, view->peer))
			break;
	t->peers++;
	(void)snprintf(t->text + n, sizeof(t->text) - n, "peer %zu%s%s\n", i,
	    view->connected ? " connected" : "",
	    view->dial_status != 0 ? " failed" : "");
}

static void
on_route(void * user, const struct host_route * route)
{
	struct buffer text = {0};
	struct told * t = user;
	size_t n = strlen(t->text);

	assert_int_equal(0, multiaddr_encode(&text, route->address));
	/* Where an incoming connection came from is the dialler's choice. */
	(void)snprintf(t->text + n, sizeof(t->text) - n, "route%s %.*s\n",
	    !route->active ? "" : route->outbound ? " out" : " in",
	    route->active && !route->outbound ? 0 : (int)text.n,
	    (char *)text.p);
	if (!route->active)
		assert_int_equal(0, route->latency_ms);
	buffer_free(&text);
}

static void
on_stream(void * user, const char * protocol)
{
	struct told * t = user;
	size_t n = strlen(t->text);

	if (strcmp(protocol, PROTOCOL) == 0)
		(void)snprintf(t->text + n, sizeof(t->text) - n, "stream\n");
}

static struct told
view(struct swarm * s, size_t at, size_t most)
{
	struct told t = {.s = s};
	const struct host_viewer viewer = {on_peer, on_route, on_stream, &t};

	host_view_peers(s->nodes[at].h, most, &viewer);
	return (t);
}

static void
ignore(void * user, struct stream * s, const char * protocol)
{
	static const struct stream_handler handler = {0};

	(void)protocol;
	stream_handle(s, &handler, user);
}

static void
both_ends_tell_the_connection_and_its_streams(void ** state)
{
	static const char * const protocols[] = {PROTOCOL, NULL};
	static const struct stream_handler handler = {0};
	struct swarm s;
	struct stream * stream;

	(void)state;
	swarm_start(&s, 1, 2);
	assert_int_equal(0, host_serve(s.nodes[1].h, PROTOCOL, ignore, &s));
	swarm_connect(&s, 0, 1);
	assert_int_equal(0, stream_open(s.nodes[0].h, &s.nodes[1].id,
	    protocols, &handler, NULL, &stream));
	sim_run_for(s.sim, 500);
	assert_string_equal("peer 1 connected\n"
	    "route out /ip4/10.0.0.2/tcp/4001\nstream\n",
	    view(&s, 0, 10).text);
	/* Identify told where the other one listens. */
	assert_string_equal("peer 0 connected\nroute in \nstream\n"
	    "route /ip4/10.0.0.1/tcp/4001\n", view(&s, 1, 10).text);
	stream_free(stream);
	swarm_stop(&s);
}

static void
peers_that_are_gone_are_told_as_long_as_an_address_is_good(void ** state)
{
	struct multiaddr_tcp to = {.ip = {10, 0, 0, 3}, .port = 4001};
	struct buffer address = {0};
	struct swarm s;

	(void)state;
	swarm_start(&s, 2, 3);
	multiaddr_from_tcp(&address, &to);
	host_learn(s.nodes[0].h, &s.nodes[2].id, buffer_all(&address), 60000);
	assert_string_equal("peer 2\nroute /ip4/10.0.0.3/tcp/4001\n",
	    view(&s, 0, 10).text);
	sim_run_for(s.sim, 61000);
	assert_string_equal("", view(&s, 0, 10).text);
	buffer_free(&address);
	swarm_stop(&s);
}

static void
a_dial_that_failed_is_told_until_one_succeeds(void ** state)
{
	struct multiaddr_tcp nobody = {.ip = {10, 0, 0, 2}, .port = 9};
	struct buffer address = {0};
	struct swarm s;

	(void)state;
	swarm_start(&s, 3, 2);
	multiaddr_from_tcp(&address, &nobody);
	host_learn(s.nodes[0].h, &s.nodes[1].id, buffer_all(&address), 60000);
	assert_int_equal(0, host_connect(s.nodes[0].h, &s.nodes[1].id));
	sim_run_for(s.sim, 30000);
	assert_non_null(strstr(view(&s, 0, 10).text, "peer 1 failed\n"));
	swarm_connect(&s, 0, 1);
	assert_non_null(strstr(view(&s, 0, 10).text, "peer 1 connected\n"));
	buffer_free(&address);
	swarm_stop(&s);
}

static void
only_so_many_are_told_that_are_not_connected(void ** state)
{
	struct multiaddr_tcp to = {.ip = {10, 0, 0, 9}, .port = 4001};
	struct buffer address = {0};
	struct swarm s;
	size_t i;

	(void)state;
	swarm_start(&s, 4, 6);
	multiaddr_from_tcp(&address, &to);
	swarm_connect(&s, 0, 1);
	for (i = 2; i < 6; i++)
		host_learn(s.nodes[0].h, &s.nodes[i].id, buffer_all(&address),
		    UINT64_MAX);
	assert_int_equal(5, view(&s, 0, 4).peers);
	assert_int_equal(3, view(&s, 0, 2).peers);
	/* Those used last, and the connected one in any case. */
	assert_non_null(strstr(view(&s, 0, 2).text, "peer 5\n"));
	assert_null(strstr(view(&s, 0, 2).text, "peer 2\n"));
	assert_non_null(strstr(view(&s, 0, 0).text, "peer 1 connected\n"));
	buffer_free(&address);
	swarm_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_tell_the_connection_and_its_streams),
		cmocka_unit_test(
		    peers_that_are_gone_are_told_as_long_as_an_address_is_good),
		cmocka_unit_test(a_dial_that_failed_is_told_until_one_succeeds),
		cmocka_unit_test(only_so_many_are_told_that_are_not_connected),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
