/* cmd_services.c: `berty services …`: tokens for servers that help. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "berty/extension/v1/extension.pb-c.h"
#include "client.h"
#include "output.h"
#include "server/grpc_client.h"

#define PROTOCOL "berty.protocol.v1.ProtocolService"
#define EXTENSION "berty.extension.v1.ExtensionService"

/* The node waits for its server for 30 s; ms. */
#define COMPLETE_MS 60000

/* --- complete ------------------------------------------------------------- */

static int
complete(struct client * c, const char * url)
{
	PB(AuthServiceCompleteFlow__Request) request =
	    PB_INIT(AUTH_SERVICE_COMPLETE_FLOW__REQUEST);
	PB(AuthServiceCompleteFlow__Reply) * reply;
	void * answer;
	int rc;

	request.callback_url = (char *)(uintptr_t)url;
	error_clear(&c->run->err);
	rc = grpc_client_call(c->grpc, PROTOCOL, "AuthServiceCompleteFlow",
	    &request, PB_TYPE(auth_service_complete_flow__reply), &answer,
	    COMPLETE_MS, &c->run->err);
	if (rc != 0)
		return (rc);
	reply = answer;
	if (c->run->json) {
		cJSON * object = cJSON_CreateObject();

		output_add_text(object, "token_id",
		    slice_text(reply->token_id));
		output_json(object);
	} else {
		printf("token ");
		output_safe(slice_text(reply->token_id));
		putchar('\n');
	}
	protobuf_free(answer);
	return (0);
}

static int
run_complete(struct run * run)
{
	struct client c;
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	rc = complete(&c, run->argv[0]);
	client_close(&c);
	return (rc);
}

/* --- auth ----------------------------------------------------------------- */

static int
begin(struct client * c, const char * url)
{
	PB(AuthServiceInitFlow__Request) request =
	    PB_INIT(AUTH_SERVICE_INIT_FLOW__REQUEST);
	PB(AuthServiceInitFlow__Reply) * reply;
	void * answer;
	int rc;

	request.auth_url = (char *)(uintptr_t)url;
	rc = client_call(c, "AuthServiceInitFlow", &request,
	    PB_TYPE(auth_service_init_flow__reply), &answer);
	if (rc != 0)
		return (rc);
	reply = answer;
	if (c->run->json) {
		cJSON * object = cJSON_CreateObject();

		output_add_text(object, "url", slice_text(reply->url));
		cJSON_AddBoolToObject(object, "secure", reply->secure_url);
		output_json(object);
	} else {
		puts("Open this page:\n");
		output_safe(slice_text(reply->url));
		puts(reply->secure_url ? "\n" : "\n\nIt is not encrypted: "
		    "whoever is on the way can read the token.\n");
	}
	protobuf_free(answer);
	return (0);
}

/* What the page leads to, if somebody is there to paste it. */
static int
finish(struct client * c)
{
	char line[8192];
	size_t n;

	if (c->run->json || !isatty(STDIN_FILENO)) {
		if (!c->run->json)
			puts("Then: berty services complete 'berty://…'");
		return (0);
	}
	printf("and paste the address it leads to (berty://services-auth/…): ");
	(void)fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return (0);
	n = strcspn(line, "\r\n");
	line[n] = '\0';
	return (n == 0 ? 0 : complete(c, line));
}

static int
run_auth(struct run * run)
{
	struct client c;
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	if ((rc = begin(&c, run->argv[0])) == 0)
		rc = finish(&c);
	client_close(&c);
	return (rc);
}

/* --- list ----------------------------------------------------------------- */

static void
print_json(const PB(ServicesTokenList__Reply) * reply)
{
	cJSON * object = cJSON_CreateObject();
	cJSON * services;
	size_t i;

	output_add_text(object, "token_id", slice_text(reply->token_id));
	if (reply->service != NULL) {
		output_add_text(object, "authentication_url",
		    slice_text(reply->service->authentication_url));
		cJSON_AddNumberToObject(object, "expiration",
		    (double)reply->service->expiration);
		services = cJSON_AddObjectToObject(object, "services");
		for (i = 0; i < reply->service->n_supported_services; i++)
			output_add_text(services, reply->service->
			    supported_services[i]->service_type,
			    slice_text(reply->service->
			    supported_services[i]->service_endpoint));
	}
	output_json(object);
}

static int
print_token(void * user, const void * message)
{
	const PB(ServicesTokenList__Reply) * reply = message;
	const struct run * run = user;
	size_t i;

	if (run->json) {
		print_json(reply);
		return (0);
	}
	output_safe(slice_text(reply->token_id));
	if (reply->service != NULL) {
		printf("  ");
		output_safe(slice_text(reply->service->authentication_url));
		if (reply->service->expiration > 0)
			printf("  until %" PRId64,
			    reply->service->expiration);
		for (i = 0; i < reply->service->n_supported_services; i++) {
			const PB(ServiceTokenSupportedService) * s =
			    reply->service->supported_services[i];

			printf("\n    ");
			output_safe(slice_text(s->service_type));
			printf("  ");
			output_safe(slice_text(s->service_endpoint));
		}
	}
	putchar('\n');
	return (0);
}

static int
run_list(struct run * run)
{
	PB(ServicesTokenList__Request) request =
	    PB_INIT(SERVICES_TOKEN_LIST__REQUEST);
	struct client c;
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	rc = client_stream(&c, (struct slice){0}, "ServicesTokenList",
	    &request, PB_TYPE(services_token_list__reply), print_token, run);
	client_close(&c);
	return (rc);
}

/* --- remove --------------------------------------------------------------- */

static int
run_remove(struct run * run)
{
	Berty__Extension__V1__ServicesTokenRemove__Request request =
	    BERTY__EXTENSION__V1__SERVICES_TOKEN_REMOVE__REQUEST__INIT;
	struct client c;
	void * reply;
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	request.token_id = run->argv[0];
	rc = grpc_client_call(c.grpc, EXTENSION, "ServicesTokenRemove",
	    &request,
	    &berty__extension__v1__services_token_remove__reply__descriptor,
	    &reply, COMPLETE_MS, &run->err);
	if (rc == 0)
		protobuf_free(reply);
	client_close(&c);
	return (rc);
}

/* --- the commands --------------------------------------------------------- */

static const char auth_help[] =
"A server that helps (one that keeps messages, or wakes phones) asks who may use\n"
"it.  Its token server has a page where you say so; this prints the address of\n"
"the page.  The page leads back to an address that begins with\n"
"berty://services-auth/: paste it here, or give it to `services complete`.\n"
"\n"
"  berty services auth https://auth.example.org\n";

const struct command command_services_auth = {
	.name = "services auth", .arguments = "URL",
	.summary = "Get a token for servers that help",
	.help = auth_help, .least = 1, .most = 1, .run = run_auth,
};

const struct command command_services_complete = {
	.name = "services complete", .arguments = "URL",
	.summary = "Take the token that the page of `services auth` leads to",
	.least = 1, .most = 1, .run = run_complete,
};

const struct command command_services_list = {
	.name = "services list", .arguments = "",
	.summary = "List the tokens of your account",
	.run = run_list,
};

const struct command command_services_remove = {
	.name = "services remove", .arguments = "ID",
	.summary = "Let go of a token, on all your devices",
	.least = 1, .most = 1, .run = run_remove,
};
