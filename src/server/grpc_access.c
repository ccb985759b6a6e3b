/* Who is let in: where the server listens, and which calls it takes. */
#include "base/clock.h"
#include "server/grpc_internal.h"
#include "server/grpc_status.h"

static bool
deny(struct grpc_call * call, enum grpc_status status, const char * text)
{
	struct error err = grpc_status_text(text);

	grpc_call_end(call, status, &err);
	return (false);
}

/* May the page ask that a browser calls for?  Programs name no origin. */
static bool
judge_origin(struct grpc_call * call, const struct access * access)
{
	struct slice origin = grpc_call_metadata(call, "origin");

	if (origin.n == 0 || access_allows_origin(access, origin))
		return (true);
	return (deny(call, GRPC_PERMISSION_DENIED, "pages of this origin may "
	    "not call: -node.web-origins has those that may"));
}

static bool
judge_token(struct grpc_call * call, const struct access * access)
{
	enum access_verdict verdict = access_check(access,
	    grpc_call_metadata(call, "authorization"), &call->token);

	if (verdict == ACCESS_GRANTED)
		return (true);
	return (deny(call, GRPC_UNAUTHENTICATED, access_advice(verdict)));
}

bool
grpc_access_judge(struct grpc_call * call)
{
	struct grpc_connection * connection = call->connection;
	const struct access * access = connection->server->options.access;

	if (access != NULL && !judge_origin(call, access))
		return (false);
	if (!connection->guarded || call->entry->guard == GRPC_GUARD_NONE)
		return (true);
	if (call->entry->guard == GRPC_GUARD_TOKEN &&
	    !judge_token(call, access))
		return (false);
	/* From now on it may be idle: it is no stranger. */
	connection->preface_at = 0;
	return (true);
}

static void
recheck(struct grpc_connection * connection)
{
	struct grpc_server * server = connection->server;
	struct list * place, * following;
	struct grpc_call * call;

	list_each(place, following, &connection->calls) {
		call = list_entry(place, struct grpc_call, place);
		if (call->token == 0 ||
		    access_knows(server->options.access, call->token))
			continue;
		grpc_call_cancel(call, GRPC_UNAUTHENTICATED,
		    "the token was withdrawn");
		connection->preface_at = clock_add(grpc_server_now(server),
		    server->options.preface_ms);
	}
}

void
grpc_server_recheck(struct grpc_server * server)
{
	struct list * place, * following;

	if (server->options.access == NULL)
		return;
	list_each(place, following, &server->connections)
		recheck(list_entry(place, struct grpc_connection, place));
	grpc_server_arm(server);
}

int
grpc_access_address(struct access * access, bool own_access,
    const struct logger * log, const char * text,
    const struct grpc_address * to, struct error * err)
{
	bool tokens = access != NULL && access_wants_token(access);

	if (to->local)
		return (0);
	if (!grpc_address_is_loopback(to) && (!to->tls || (!tokens &&
	    !own_access)))
		return (error_set(err, ERR_INVALID_INPUT, "%.60s: other "
		    "machines are served over TLS and with a token only: add "
		    "/tls to the address, and name a file of tokens with "
		    "-node.token-file (made if missing)", text));
	if (to->tls && access == NULL)
		return (error_set(err, ERR_INVALID_INPUT,
		    "%.100s: there is no certificate for /tls", text));
	if (to->tls && access_credentials(access, err) == NULL)
		return (-ERR_INVALID_INPUT);
	if (!tokens && !own_access)
		log_warn(log, "grpc", "every user of this machine "
		    "reaches %.100s: name a file of tokens with "
		    "-node.token-file, or serve a socket file", text);
	return (0);
}

/* Can an address be served as it is asked for? */
int
grpc_access_listen(struct grpc_server * server, const char * text,
    const struct grpc_address * to, struct error * err)
{
	return (grpc_access_address(server->options.access,
	    server->options.own_access, server->log, text, to, err));
}
