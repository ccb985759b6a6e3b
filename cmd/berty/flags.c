#include "flags.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct flag *
find_in(const struct flag * table, const char * name, size_t n)
{
	for (; table != NULL && table->name != NULL; table++)
		if (strlen(table->name) == n &&
		    memcmp(table->name, name, n) == 0)
			return (table);
	return (NULL);
}

static const struct flag *
find(const struct flags * flags, const char * name, size_t n)
{
	const struct flag * flag = NULL;
	size_t i;

	for (i = 0; i < FLAGS_TABLES && flag == NULL; i++)
		flag = find_in(flags->tables[i], name, n);
	return (flag);
}

static size_t
place_of(const struct flags * flags, const struct flag * flag)
{
	size_t i;

	for (i = 0; i < flags->n; i++)
		if (flags->set[i].flag == flag)
			break;
	return (i);
}

/* Remember a value, a copy of it if it does not last. */
static int
put(struct flags * flags, const struct flag * flag, const char * text,
    bool copy, struct error * err)
{
	size_t i = place_of(flags, flag);
	char * owned = NULL;

	if (i == FLAGS_MAX || (copy && (owned = strdup(text)) == NULL))
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if (i == flags->n)
		flags->n++;
	free(flags->set[i].owned);
	flags->set[i].flag = flag;
	flags->set[i].text = copy ? owned : text;
	flags->set[i].owned = owned;
	return (0);
}

/* --- a flag that does not exist ----------------------------------------- */

/* Levenshtein's distance, for names up to 31 bytes; else a large number. */
static size_t
distance(const char * a, size_t a_n, const char * b)
{
	size_t row[32], b_n = strlen(b), i, j, above, corner, least;

	if (a_n > 31 || b_n > 31)
		return (100);
	for (j = 0; j <= b_n; j++)
		row[j] = j;
	for (i = 1; i <= a_n; i++) {
		corner = row[0];
		row[0] = i;
		for (j = 1; j <= b_n; j++) {
			above = row[j];
			least = corner + (a[i - 1] != b[j - 1]);
			if (above + 1 < least)
				least = above + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			corner = above;
			row[j] = least;
		}
	}
	return (row[b_n]);
}

/* The last part of a dotted name: `dir` of `store.dir`. */
static const char *
last_part(const char * name)
{
	const char * dot = strrchr(name, '.');

	return (dot == NULL ? name : dot + 1);
}

static const char *
nearest(const struct flags * flags, const char * name, size_t n)
{
	const struct flag * f;
	const char * best = NULL;
	/* A third of the letters may be wrong, and one more. */
	size_t i, d, least = n / 3 + 2;

	for (i = 0; i < FLAGS_TABLES; i++)
		for (f = flags->tables[i]; f != NULL && f->name != NULL; f++) {
			d = distance(name, n, f->name);
			if (strlen(last_part(f->name)) == n &&
			    memcmp(last_part(f->name), name, n) == 0)
				d = 1;
			if (d < least) {
				least = d;
				best = f->name;
			}
		}
	return (best);
}

static int
unknown(const struct flags * flags, const char * name, size_t n,
    struct error * err)
{
	const char * hint = nearest(flags, name, n);

	if (n > 60)
		n = 60;
	if (hint != NULL)
		return (error_set(err, ERR_INVALID_INPUT, "there is no flag "
		    "-%.*s; did you mean -%s?", (int)n, name, hint));
	return (error_set(err, ERR_INVALID_INPUT, "there is no flag -%.*s; "
	    "--help lists those there are, and -- ends the flags",
	    (int)n, name));
}

/* --- the command line --------------------------------------------------- */

static bool
is_switch_value(const char * text)
{
	static const char * const words[] = {"true", "false", "1", "0", "on",
	    "off", "yes", "no"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0)
			return (true);
	return (false);
}

static int
check_value(const struct flag * flag, const char * text, struct error * err)
{
	if (flag->value == NULL && !is_switch_value(text))
		return (error_set(err, ERR_INVALID_INPUT,
		    "-%s is a switch: true or false, not '%.40s'",
		    flag->name, text));
	return (0);
}

/* One flag at argv[*i]; *i moves over its value. */
static int
take(struct flags * flags, int argc, char ** argv, int * i,
    struct error * err)
{
	const char * name = argv[*i] + (argv[*i][1] == '-' ? 2 : 1);
	size_t n = strcspn(name, "=");
	const struct flag * flag;
	const char * text;
	int rc;

	if ((n == 4 && memcmp(name, "help", 4) == 0) ||
	    (n == 1 && *name == 'h')) {
		name = "help";
		n = 4;
	}
	if ((flag = find(flags, name, n)) == NULL)
		return (unknown(flags, name, n, err));
	if (name[n] == '=')
		text = name + n + 1;
	else if (flag->value == NULL)
		text = "true";
	else if (*i + 1 < argc)
		text = argv[++*i];
	else
		return (error_set(err, ERR_INVALID_INPUT,
		    "-%s needs a value: %s", flag->name, flag->value));
	if ((rc = check_value(flag, text, err)) != 0)
		return (rc);
	return (put(flags, flag, text, false, err));
}

int
flags_parse(struct flags * flags, int argc, char ** argv, bool only_leading,
    int * n, struct error * err)
{
	int i, rc;

	*n = 0;
	for (i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0 && !only_leading) {
			i++;
			break;
		}
		if (argv[i][0] != '-' || argv[i][1] == '\0') {
			if (only_leading)
				break;
			argv[(*n)++] = argv[i];
			continue;
		}
		if ((rc = take(flags, argc, argv, &i, err)) != 0)
			return (rc);
	}
	for (; i < argc; i++)
		argv[(*n)++] = argv[i];
	return (0);
}

/* --- environment and file ----------------------------------------------- */

static const char *
from_environment(const char * flag)
{
	char name[64] = "BERTY_";
	size_t i, at = strlen(name);

	for (i = 0; flag[i] != '\0' && at + 1 < sizeof(name); i++)
		name[at++] = flag[i] == '.' || flag[i] == '-' ? '_'
		    : (char)toupper((unsigned char)flag[i]);
	name[at] = '\0';
	return (getenv(name));
}

static int
read_environment(struct flags * flags, struct error * err)
{
	const struct flag * f;
	const char * text;
	size_t i;
	int rc;

	for (i = 0; i < FLAGS_TABLES; i++)
		for (f = flags->tables[i]; f != NULL && f->name != NULL; f++) {
			text = from_environment(f->name);
			if (text == NULL || flags_given(flags, f->name))
				continue;
			if ((rc = check_value(f, text, err)) != 0 ||
			    (rc = put(flags, f, text, false, err)) != 0)
				return (rc);
		}
	return (0);
}

static bool
known_elsewhere(const struct flags * flags, const char * name, size_t n)
{
	const struct flag * const * other;

	for (other = flags->others; other != NULL && *other != NULL; other++)
		if (find_in(*other, name, n) != NULL)
			return (true);
	return (false);
}

/* One line: `name value`, `name` for a switch, or a comment. */
static int
read_line(struct flags * flags, char * line, struct error * err)
{
	const struct flag * f;
	char * text;
	size_t n;
	int rc;

	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return (0);
	n = strcspn(line, " \t=");
	text = line + n;
	text += strspn(text, " \t=");
	if ((f = find(flags, line, n)) == NULL)
		return (known_elsewhere(flags, line, n) ? 0
		    : unknown(flags, line, n, err));
	if (flags_given(flags, f->name))
		return (0);
	if (*text == '\0' && f->value == NULL)
		text = (char *)(uintptr_t)"true";
	if ((rc = check_value(f, text, err)) != 0)
		return (rc);
	return (put(flags, f, text, true, err));
}

static int
read_file(struct flags * flags, const char * path, struct error * err)
{
	char line[4096];
	size_t n;
	FILE * file;
	int rc = 0;

	if ((file = fopen(path, "r")) == NULL)
		return (error_set(err, ERR_INVALID_INPUT,
		    "%.100s cannot be read: %s", path, strerror(errno)));
	while (rc == 0 && fgets(line, sizeof(line), file) != NULL) {
		n = strlen(line);
		while (n > 0 && isspace((unsigned char)line[n - 1]))
			line[--n] = '\0';
		rc = read_line(flags, line, err);
	}
	(void)fclose(file);
	return (rc);
}

int
flags_complete(struct flags * flags, struct error * err)
{
	const char * path;
	int rc;

	if ((rc = read_environment(flags, err)) != 0)
		return (rc);
	path = flags_text(flags, "config");
	return (path == NULL ? 0 : read_file(flags, path, err));
}

void
flags_free(struct flags * flags)
{
	size_t i;

	for (i = 0; i < flags->n; i++)
		free(flags->set[i].owned);
	flags->n = 0;
}

/* --- values ------------------------------------------------------------- */

const char *
flags_text(const struct flags * flags, const char * name)
{
	const struct flag * flag = find(flags, name, strlen(name));
	size_t i;

	if (flag == NULL)
		return (NULL);
	i = place_of(flags, flag);
	return (i < flags->n ? flags->set[i].text : flag->fallback);
}

bool
flags_given(const struct flags * flags, const char * name)
{
	const struct flag * flag = find(flags, name, strlen(name));

	return (flag != NULL && place_of(flags, flag) < flags->n);
}

bool
flags_on(const struct flags * flags, const char * name)
{
	const char * text = flags_text(flags, name);

	return (text != NULL && (strcmp(text, "true") == 0 ||
	    strcmp(text, "1") == 0 || strcmp(text, "on") == 0 ||
	    strcmp(text, "yes") == 0));
}

const char **
flags_list(const char * text)
{
	size_t n = 1, i, at = 0;
	const char ** list;
	char * copy;

	for (i = 0; text != NULL && text[i] != '\0'; i++)
		n += text[i] == ',';
	list = calloc(1, (n + 1) * sizeof(*list) + i + 1);
	if (list == NULL || text == NULL)
		return (list);
	copy = (char *)(list + n + 1);
	memcpy(copy, text, i + 1);
	for (; *copy != '\0'; copy += strcspn(copy, ",")) {
		if (*copy == ',')
			*copy++ = '\0';
		if (*copy != ',' && *copy != '\0')
			list[at++] = copy;
	}
	return (list);
}

/* Print text in lines of at most 78 columns, each behind an indent. */
static void
print_wrapped(const char * text, int indent)
{
	int room = 78 - indent, n;

	while (*text != '\0') {
		n = (int)strlen(text);
		if (n > room)
			for (n = room; n > 1 && text[n] != ' '; n--)
				continue;
		printf("%*s%.*s\n", indent, "", n, text);
		text += n;
		text += strspn(text, " ");
	}
}

void
flags_help(const struct flag * table)
{
	for (; table->name != NULL; table++) {
		printf("  -%s%s%s", table->name,
		    table->value == NULL ? "" : " ",
		    table->value == NULL ? "" : table->value);
		if (table->fallback != NULL && *table->fallback != '\0')
			printf("  (default %s)", table->fallback);
		putchar('\n');
		print_wrapped(table->help, 6);
	}
}
