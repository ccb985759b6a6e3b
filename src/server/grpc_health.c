#include <stdlib.h>

#include "grpc/health/v1/health.pb-c.h"
#include "server/grpc_internal.h"

typedef Grpc__Health__V1__HealthCheckRequest HealthRequest;
typedef Grpc__Health__V1__HealthCheckResponse HealthResponse;

#define SERVING GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
#define NOT_SERVING \
	GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
#define SERVICE_UNKNOWN \
	GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN

/* A client that waits for changes. */
struct watch {
	struct list place;
	struct grpc_server * server;
	struct grpc_call * call;
};

/* Empty names the server as a whole. */
static bool
is_known(struct grpc_server * server, const char * service)
{
	size_t n = strlen(service), at = 0;
	struct slice key;
	void * value;

	if (n == 0)
		return (true);
	while (map_next(&server->methods, &at, &key, &value))
		if (strcmp(((struct grpc_entry *)value)->method->service,
		    service) == 0)
			return (true);
	return (false);
}

static HealthResponse
state(struct grpc_server * server, struct grpc_call * call)
{
	HealthResponse response =
	    GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
	const HealthRequest * request = grpc_call_request(call);

	if (!is_known(server, request->service))
		response.status = SERVICE_UNKNOWN;
	else
		response.status = server->serving ? SERVING : NOT_SERVING;
	return (response);
}

static void
check(struct grpc_call * call, void * user)
{
	HealthResponse response = state(user, call);

	if (response.status == SERVICE_UNKNOWN)
		grpc_call_fail(call, GRPC_NOT_FOUND, "unknown service");
	else
		grpc_call_answer(call, &response);
}

static void
watch_finish(struct watch * watch)
{
	struct grpc_call * call = watch->call;

	list_remove(&watch->place);
	free(watch);
	grpc_call_finish(call, NULL);
}

static void
watch_cancelled(struct grpc_call * call)
{
	watch_finish(grpc_call_data(call));
}

static void
watch_begin(struct grpc_call * call, void * user)
{
	static const struct grpc_call_events events = {
	    .cancelled = watch_cancelled};
	struct grpc_server * server = user;
	struct watch * watch = malloc(sizeof(*watch));
	HealthResponse response = state(server, call);

	if (watch == NULL) {
		grpc_call_fail(call, GRPC_RESOURCE_EXHAUSTED, "no memory");
		return;
	}
	*watch = (struct watch){.server = server, .call = call};
	list_append(&server->watches, &watch->place);
	grpc_call_set_data(call, watch);
	grpc_call_watch(call, &events);
	(void)grpc_call_reply(call, &response);
}

/* Tell those who watch; when the server stops, for the last time. */
void
grpc_health_changed(struct grpc_server * server)
{
	struct list * place, * following;
	struct watch * watch;
	HealthResponse response;

	list_each(place, following, &server->watches) {
		watch = list_entry(place, struct watch, place);
		response = state(server, watch->call);
		if (grpc_call_queued(watch->call) < GRPC_CALL_QUEUE)
			(void)grpc_call_reply(watch->call, &response);
		if (server->stopping)
			watch_finish(watch);
	}
}

static const struct grpc_method methods[] = {
    {"grpc.health.v1.Health", "Check",
        &grpc__health__v1__health_check_request__descriptor,
        &grpc__health__v1__health_check_response__descriptor, false, false,
        check},
    {"grpc.health.v1.Health", "Watch",
        &grpc__health__v1__health_check_request__descriptor,
        &grpc__health__v1__health_check_response__descriptor, false, true,
        watch_begin}};

int
grpc_health_add(struct grpc_server * server)
{
	int status;

	/* Whether it serves is no secret: balancers ask without a token. */
	status = grpc_server_add_guarded(server, methods, 1, server,
	    GRPC_GUARD_NONE);
	return (status != 0 ? status :
	    grpc_server_add(server, methods + 1, 1, server));
}
