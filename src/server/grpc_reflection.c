#include <stdlib.h>

#include "grpc/reflection/v1/reflection.pb-c.h"
#include "server/grpc_descriptors.h"
#include "server/grpc_internal.h"

typedef Grpc__Reflection__V1__ServerReflectionRequest ReflectionRequest;
typedef Grpc__Reflection__V1__ServerReflectionResponse ReflectionResponse;
typedef Grpc__Reflection__V1__ServiceResponse ServiceName;
typedef Grpc__Reflection__V1__ListServiceResponse ServiceList;
typedef Grpc__Reflection__V1__FileDescriptorResponse FileList;
typedef Grpc__Reflection__V1__ErrorResponse ReflectionError;

#define CASE_REQUEST(x) \
	GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##x
#define CASE_RESPONSE(x) \
	GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##x

#define FILES_MAX 64
#define SERVICES_MAX 64

/* Made by the build from proto/. */
extern const uint8_t proto_descriptors[];
extern const size_t proto_descriptors_size;

static ReflectionResponse
response_to(const ReflectionRequest * request)
{
	ReflectionResponse response =
	    GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;

	response.valid_host = request->host;
	response.original_request = (ReflectionRequest *)(uintptr_t)request;
	return (response);
}

static void
answer_error(struct grpc_call * call, const ReflectionRequest * request,
    enum grpc_status status, const char * text)
{
	ReflectionResponse response = response_to(request);
	ReflectionError error = GRPC__REFLECTION__V1__ERROR_RESPONSE__INIT;

	error.error_code = (int32_t)status;
	error.error_message = (char *)(uintptr_t)text;
	response.message_response_case = CASE_RESPONSE(ERROR_RESPONSE);
	response.error_response = &error;
	(void)grpc_call_reply(call, &response);
}

/* The file, then all that it imports. */
static void
answer_file(struct grpc_call * call, const ReflectionRequest * request,
    struct slice set, struct slice file)
{
	ReflectionResponse response = response_to(request);
	FileList list = GRPC__REFLECTION__V1__FILE_DESCRIPTOR_RESPONSE__INIT;
	struct slice files[FILES_MAX];
	ProtobufCBinaryData bytes[FILES_MAX];
	size_t i;

	list.n_file_descriptor_proto = grpc_descriptors_closure(set, file,
	    files, FILES_MAX);
	if (list.n_file_descriptor_proto == 0) {
		answer_error(call, request, GRPC_NOT_FOUND, "not found");
		return;
	}
	for (i = 0; i < list.n_file_descriptor_proto; i++)
		bytes[i] = protobuf_bytes(files[i]);
	list.file_descriptor_proto = bytes;
	response.message_response_case =
	    CASE_RESPONSE(FILE_DESCRIPTOR_RESPONSE);
	response.file_descriptor_response = &list;
	(void)grpc_call_reply(call, &response);
}

/* The names of the services, each once; returns how many. */
static size_t
list_services(const struct grpc_server * server, const char ** names)
{
	size_t i, n = 0, at = 0;
	struct slice key;
	void * value;
	const char * name;

	while (map_next(&server->methods, &at, &key, &value)) {
		name = ((struct grpc_entry *)value)->method->service;
		for (i = 0; i < n && strcmp(names[i], name) != 0; i++)
			continue;
		if (i == n && n < SERVICES_MAX)
			names[n++] = name;
	}
	return (n);
}

static int
by_name(const void * a, const void * b)
{
	return (strcmp(*(const char * const *)a, *(const char * const *)b));
}

static void
answer_services(struct grpc_call * call, const ReflectionRequest * request,
    const struct grpc_server * server)
{
	ReflectionResponse response = response_to(request);
	ServiceList list = GRPC__REFLECTION__V1__LIST_SERVICE_RESPONSE__INIT;
	ServiceName services[SERVICES_MAX];
	ServiceName * pointers[SERVICES_MAX];
	const char * names[SERVICES_MAX];
	size_t i;

	list.n_service = list_services(server, names);
	qsort(names, list.n_service, sizeof(names[0]), by_name);
	for (i = 0; i < list.n_service; i++) {
		services[i] = (ServiceName)
		    GRPC__REFLECTION__V1__SERVICE_RESPONSE__INIT;
		services[i].name = (char *)(uintptr_t)names[i];
		pointers[i] = &services[i];
	}
	list.service = pointers;
	response.message_response_case = CASE_RESPONSE(LIST_SERVICES_RESPONSE);
	response.list_services_response = &list;
	(void)grpc_call_reply(call, &response);
}

static void
on_message(struct grpc_call * call, const void * message)
{
	const struct grpc_server * server = grpc_call_data(call);
	const ReflectionRequest * request = message;
	struct slice set = slice_of(proto_descriptors, proto_descriptors_size);

	switch (request->message_request_case) {
	case CASE_REQUEST(FILE_BY_FILENAME):
		answer_file(call, request, set, grpc_descriptors_file(set,
		    slice_text(request->file_by_filename)));
		break;
	case CASE_REQUEST(FILE_CONTAINING_SYMBOL):
		answer_file(call, request, set, grpc_descriptors_symbol(set,
		    slice_text(request->file_containing_symbol)));
		break;
	case CASE_REQUEST(LIST_SERVICES):
		answer_services(call, request, server);
		break;
	case CASE_REQUEST(FILE_CONTAINING_EXTENSION):
	case CASE_REQUEST(ALL_EXTENSION_NUMBERS_OF_TYPE):
		answer_error(call, request, GRPC_NOT_FOUND,
		    "there are no extensions");
		break;
	default:
		answer_error(call, request, GRPC_INVALID_ARGUMENT,
		    "the request asks for nothing");
		break;
	}
	if (grpc_call_queued(call) >= GRPC_CALL_QUEUE)
		grpc_call_pause(call, true);
}

static void
on_writable(struct grpc_call * call)
{
	grpc_call_pause(call, false);
}

static void
on_end(struct grpc_call * call)
{
	grpc_call_finish(call, NULL);
}

static void
begin(struct grpc_call * call, void * user)
{
	static const struct grpc_call_events events = {on_message, on_end,
	    on_writable, on_end};

	grpc_call_set_data(call, user);
	grpc_call_watch(call, &events);
}

/* Both versions are the same on the wire. */
static const struct grpc_method methods[] = {
    {"grpc.reflection.v1.ServerReflection", "ServerReflectionInfo",
        &grpc__reflection__v1__server_reflection_request__descriptor,
        &grpc__reflection__v1__server_reflection_response__descriptor, true,
        true, begin},
    {"grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo",
        &grpc__reflection__v1__server_reflection_request__descriptor,
        &grpc__reflection__v1__server_reflection_response__descriptor, true,
        true, begin}};

int
grpc_reflection_add(struct grpc_server * server)
{
	return (grpc_server_add(server, methods, 2, server));
}
