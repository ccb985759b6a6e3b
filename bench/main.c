/*
 * main.c: `berty-bench -berty PROGRAM -folder DIR -postgres DIR -out FILE
 * [part…]` measures and writes the rows; without parts, all of them.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "bench.h"
#include "crypto/crypto.h"

static const struct {
	const char * name;
	int (*run)(const struct bench * b);
} parts[] = {
	{"limits", bench_limits},
	{"trips", bench_trips},
	{"library", bench_library},
	{"daemon", bench_daemon},
	{"calls", bench_calls},
	{"pair", bench_pair},
	{"history", bench_history},
	{"attachments", bench_attachments},
	{"replication", bench_replication},
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static bool
wanted(char ** names, const char * name)
{
	if (*names == NULL)
		return (true);
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return (true);
	return (false);
}

static char **
options(char ** at, struct bench * b, const char ** out)
{
	for (; *at != NULL && **at == '-' && at[1] != NULL; at += 2) {
		if (strcmp(*at, "-berty") == 0)
			b->program = at[1];
		else if (strcmp(*at, "-folder") == 0)
			b->folder = at[1];
		else if (strcmp(*at, "-postgres") == 0)
			b->postgres = at[1];
		else if (strcmp(*at, "-out") == 0)
			*out = at[1];
		else
			break;
	}
	return (at);
}

int
main(int argc, char ** argv)
{
	struct bench b = {.self = argv[0], .folder = "bench-stores"};
	const char * out = NULL;
	char ** names;
	int broken = 0;
	size_t i;

	if (argc == 3 && strcmp(argv[1], "open") == 0)
		return (library_child(argv[2]));
	names = options(argv + 1, &b, &out);
	if (b.program == NULL || (*names != NULL && **names == '-')) {
		fprintf(stderr, "usage: berty-bench -berty PROGRAM "
		    "[-folder DIR] [-postgres DIR] [-out FILE] [part…]\n");
		return (2);
	}
	(void)mkdir(b.folder, 0700);
	if (crypto_setup() != 0)
		return (1);
	for (i = 0; i < PARTS; i++)
		if (wanted(names, parts[i].name) && parts[i].run(&b) != 0) {
			fprintf(stderr, "bench: the part '%s' is broken\n",
			    parts[i].name);
			broken = 1;
		}
	rows_print(stdout);
	if (out != NULL && rows_write(out) != 0) {
		fprintf(stderr, "bench: %s could not be written\n", out);
		broken = 1;
	}
	return (broken);
}
