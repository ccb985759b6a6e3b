/* cmd_version.c: `berty version`, which program this is. */
#include <stdio.h>

#include "command.h"
#include "output.h"
#include "version/version.h"

static const char help[] =
"  berty version\n"
"  berty version -json | jq -r .version\n";

static int
run_version(struct run * run)
{
	cJSON * object;

	if (run->json) {
		object = cJSON_CreateObject();
		cJSON_AddStringToObject(object, "version", version_text());
		cJSON_AddStringToObject(object, "vcs_ref", version_vcs_ref());
		cJSON_AddStringToObject(object, "compiler",
		    version_compiler());
		output_json(object);
		return (0);
	}
	printf("berty %s\n", version_text());
	if (*version_vcs_ref() != '\0')
		printf("source   %s\n", version_vcs_ref());
	printf("compiler %s\n", version_compiler());
	return (0);
}

const struct command command_version = {
	.name = "version", .arguments = "",
	.summary = "Print the version of the program",
	.help = help, .run = run_version,
};
