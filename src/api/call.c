#include "api/call.h"

#include <string.h>

void
api_answer(struct api_call * call, const void * message)
{
	(void)call->transport->reply(call, message);
	call->transport->finish(call, NULL);
}

void
api_fail(struct api_call * call, const struct error * err)
{
	call->transport->finish(call, err);
}

void
api_pause(struct api_call * call, bool paused)
{
	if (call->transport->pause != NULL)
		call->transport->pause(call, paused);
}

struct slice
api_metadata(struct api_call * call, const char * name)
{
	if (call->transport->metadata == NULL)
		return (slice_of(NULL, 0));
	return (call->transport->metadata(call, name));
}

void
api_trailer(struct api_call * call, const char * name, struct slice value)
{
	if (call->transport->trailer != NULL)
		call->transport->trailer(call, name, value);
}

size_t
api_services(struct api_service services[API_SERVICES_MAX])
{
	services[0].methods = api_v1_methods(&services[0].n);
	services[1].methods = api_extension_methods(&services[1].n);
	services[2].methods = api_legacy_methods(&services[2].n);
	return (3);
}

const struct api_method *
api_find(const char * name)
{
	struct api_service services[API_SERVICES_MAX];
	const char * slash = strrchr(name, '/');
	const char * last = slash == NULL ? name : slash + 1;
	size_t i, j, n, service;

	if (*name == '/')
		name++;
	service = slash == NULL || slash < name ? 0 : (size_t)(slash - name);
	n = api_services(services);
	for (i = 0; i < n; i++)
		for (j = 0; j < services[i].n; j++) {
			const struct api_method * m = &services[i].methods[j];

			if (strcmp(m->name, last) == 0 && (service == 0 ||
			    (strlen(m->service) == service &&
			    memcmp(m->service, name, service) == 0)))
				return (m);
		}
	return (NULL);
}
