/* cmd_info.c: `berty info`, the node and its state. */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "output.h"

static const char help[] =
"  berty info\n"
"  berty info --json | jq .system.process.uptime_ms\n";

/* Every value on a line, with the path to it. */
static void
print_tree(const cJSON * item, const char * path)
{
	char below[256];
	const cJSON * child;
	char * text;

	if (cJSON_IsObject(item) || cJSON_IsArray(item)) {
		cJSON_ArrayForEach(child, item) {
			(void)snprintf(below, sizeof(below), "%s%s%s", path,
			    child->string != NULL && *path != '\0' ? "." : "",
			    child->string != NULL ? child->string : "");
			print_tree(child, below);
		}
		return;
	}
	text = cJSON_PrintUnformatted(item);
	printf("%-40s ", path);
	if (cJSON_IsString(item))
		output_safe(slice_text(cJSON_GetStringValue(item)));
	else if (text != NULL)
		output_safe(slice_text(text));
	putchar('\n');
	cJSON_free(text);
}

static int
run_info(struct run * run)
{
	PB(InstanceGetConfiguration__Request) ask =
	    PB_INIT(INSTANCE_GET_CONFIGURATION__REQUEST);
	PB(SystemInfo__Request) system = PB_INIT(SYSTEM_INFO__REQUEST);
	struct client c;
	cJSON * object;
	void * reply;
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	object = cJSON_CreateObject();
	if ((rc = client_call(&c, "InstanceGetConfiguration", &ask,
	    PB_TYPE(instance_get_configuration__reply), &reply)) != 0)
		goto err0;
	cJSON_AddItemToObject(object, "instance", output_message(reply));
	protobuf_free(reply);
	/* What a node cannot tell of itself is left out. */
	rc = client_call(&c, "SystemInfo", &system,
	    PB_TYPE(system_info__reply), &reply);
	if (rc == 0) {
		cJSON_AddItemToObject(object, "system",
		    output_message(reply));
		protobuf_free(reply);
	} else if (rc == -ERR_NOT_IMPLEMENTED)
		rc = 0;
	else
		goto err0;
	if (run->json) {
		output_json(object);
		object = NULL;
	} else
		print_tree(object, "");

err0:
	cJSON_Delete(object);
	client_close(&c);
	return (rc);
}

const struct command command_info = {
	.name = "info", .arguments = "",
	.summary = "Print the node's keys, addresses and state",
	.help = help, .run = run_info,
};
