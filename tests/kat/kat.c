/* berty-kat: run every known answer under the folders named. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "crypto/crypto.h"
#include "kat_run.h"

#ifndef BERTY_KAT_DIR
#define BERTY_KAT_DIR "tests/vectors"
#endif

static const struct kat_check * const check_tables[] = {
    kat_keys_checks,
    kat_rendezvous_checks,
    kat_group_checks,
    kat_chain_checks,
    kat_message_checks,
    kat_envelope_checks,
    kat_links_checks,
    kat_files_checks,
    kat_addresses_checks,
    kat_heads_checks,
    kat_contact_checks,
};

static const struct kat_reader * const reader_tables[] = {
    kat_log_readers,
    kat_entries_readers,
    kat_encrypted_readers,
    kat_addresses_readers,
    kat_heads_readers,
    kat_pubsub_readers,
    kat_bitswap_readers,
    kat_noise_readers,
    kat_tls_readers,
    kat_identify_readers,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Does the text fit the pattern, in which `*` is any run of characters? */
static bool
fits(const char * pattern, const char * text)
{
	if (pattern == NULL)
		return (true);
	for (; *pattern != '\0' && *pattern != '*'; pattern++, text++)
		if (*pattern != *text)
			return (false);
	if (*pattern == '\0')
		return (*text == '\0');
	for (;; text++) {
		if (fits(pattern + 1, text))
			return (true);
		if (*text == '\0')
			return (false);
	}
}

static void
without_digits(char * out, size_t size, const char * name)
{
	size_t n = 0;

	for (; *name != '\0' && n + 1 < size; name++)
		if (*name < '0' || *name > '9')
			out[n++] = *name;
	out[n] = '\0';
}

static const struct kat_check *
find_check(const char * dialect, const struct kat_vector * v)
{
	const struct kat_check * c;
	char name[256];
	size_t i;

	without_digits(name, sizeof(name), v->name);
	for (i = 0; i < COUNT(check_tables); i++)
		for (c = check_tables[i]; c->check != NULL; c++)
			if (fits(c->dialect, dialect) &&
			    fits(c->source, v->source) && fits(c->name, name))
				return (c);
	return (NULL);
}

static const char *
text_of(const cJSON * object, const char * key)
{
	const char * s =
	    cJSON_GetStringValue(kat_member(object, key));

	return (s == NULL ? "" : s);
}

static void
run_vector(struct kat * k, const char * dialect, const cJSON * vectors,
    const cJSON * json)
{
	struct kat_vector v = {.name = text_of(json, "name"),
	    .source = text_of(json, "source"),
	    .network = network_find(dialect),
	    .inputs = kat_member(json, "inputs"),
	    .outputs = kat_member(json, "outputs"),
	    .vectors = vectors};
	const struct kat_check * c = find_check(dialect, &v);

	kat_begin(k, "%s", v.name);
	if (c == NULL)
		kat_fail(k, "no check knows this vector (source %s)", v.source);
	else
		c->check(k, &v);
	kat_end(k);
}

/* Each reader that knows the file reads it: layers look for different things. */
static unsigned
run_readers(struct kat * k, const char * file, const cJSON * root)
{
	const struct kat_reader * r;
	unsigned n = 0;
	size_t i;

	for (i = 0; i < COUNT(reader_tables); i++)
		for (r = reader_tables[i]; r->read != NULL; r++)
			if (fits(r->file, file)) {
				r->read(k, root);
				n++;
			}
	return (n);
}

static void
run_json(struct kat * k, const char * file, const cJSON * root)
{
	const cJSON * vectors =
	    kat_member(root, "vectors");
	const char * dialect = text_of(root, "dialect");
	const cJSON * v;

	if (*dialect != '\0' && cJSON_IsArray(vectors)) {
		cJSON_ArrayForEach(v, vectors)
			run_vector(k, dialect, vectors, v);
		return;
	}
	if (run_readers(k, file, root) > 0)
		return;
	kat_begin(k, "%s", file);
	kat_fail(k, "no reader knows this file");
	kat_end(k);
}

/* The whole file with a NUL behind it, or NULL. */
static char *
read_file(const char * path)
{
	struct buffer b = {0};
	uint8_t * to;
	size_t n;
	FILE * f;

	if ((f = fopen(path, "rb")) == NULL)
		return (NULL);
	do {
		if ((to = buffer_grow(&b, 65536)) == NULL)
			break;
		n = fread(to, 1, 65536, f);
		b.n -= 65536 - n;
	} while (n > 0);
	(void)fclose(f);
	buffer_byte(&b, 0);
	return ((char *)b.p);
}

/* A copy of the last part of the path, cut before `.json`. */
static char *
stem_of(const char * path)
{
	const char * slash = strrchr(path, '/');
	char * stem = strdup(slash == NULL ? path : slash + 1);
	char * end = stem == NULL ? NULL : strstr(stem, ".json");

	if (end != NULL)
		*end = '\0';
	return (stem);
}

cJSON *
kat_sibling(const struct kat * k, const char * name)
{
	const char * slash = strrchr(k->path, '/');
	struct buffer path = {0};
	char * text;
	cJSON * root;

	if (slash != NULL)
		buffer_append(&path, k->path, (size_t)(slash - k->path) + 1);
	buffer_text(&path, name);
	buffer_byte(&path, 0);
	text = path.failed ? NULL : read_file((char *)path.p);
	root = text == NULL ? NULL : cJSON_Parse(text);
	free(text);
	buffer_free(&path);
	return (root);
}

static void
run_file(struct kat * k, const char * path)
{
	char * text = read_file(path);
	cJSON * root = text == NULL ? NULL : cJSON_Parse(text);
	char * file = stem_of(path);

	k->path = path;
	if (root == NULL || file == NULL) {
		kat_begin(k, "%s", path);
		kat_fail(k, "not a JSON file");
		kat_end(k);
	} else
		run_json(k, file, root);
	free(file);
	cJSON_Delete(root);
	free(text);
}

static int
wanted(const struct dirent * entry)
{
	return (entry->d_name[0] != '.');
}

static bool
ends_in_json(const char * name)
{
	size_t n = strlen(name);

	return (n > 5 && strcmp(name + n - 5, ".json") == 0);
}

static void
run_folder(struct kat * k, const char * folder)
{
	struct dirent ** entries;
	char path[4096];
	struct stat st;
	int i, n;

	if ((n = scandir(folder, &entries, wanted, alphasort)) < 0) {
		(void)fprintf(stderr, "%s: cannot be read\n", folder);
		return;
	}
	for (i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder,
		    entries[i]->d_name);
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			run_folder(k, path);
		else if (ends_in_json(path))
			run_file(k, path);
		free(entries[i]);
	}
	free(entries);
}

/* A path without slashes at its end, so that its last part has a name. */
static void
run_argument(struct kat * k, char * path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	run_folder(k, path);
}

int
main(int argc, char ** argv)
{
	char standard[] = BERTY_KAT_DIR;
	struct kat k = {0};
	int i;

	if (crypto_setup() != 0)
		return (2);
	if (argc < 2)
		run_argument(&k, standard);
	for (i = 1; i < argc; i++)
		run_argument(&k, argv[i]);
	(void)printf("%u passed, %u failed\n", k.passed, k.failed);
	/* A run that found nothing to check proves nothing. */
	return (k.failed > 0 || k.passed == 0);
}
