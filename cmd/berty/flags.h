/*
 * flags.h: flags of a command line, from there, from the environment, or from
 * a configuration file, in this order of strength.
 *
 * Source: berty go/cmd/berty/main.go (peterbourgon/ff).
 */
#ifndef BERTY_CMD_FLAGS_H
#define BERTY_CMD_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A table of flags ends with a NULL name. */
struct flag {
	const char * name;
	const char * value;     /* what it takes, for help; NULL: a switch */
	const char * fallback;  /* its value when nobody sets it; or NULL */
	const char * help;
};

enum { FLAGS_TABLES = 2, FLAGS_MAX = 48 };

/* Zero bytes, then the tables, are flags that nobody set. */
struct flags {
	const struct flag * tables[FLAGS_TABLES]; /* which may be set; or NULL */
	const struct flag * const * others; /* of other commands: a file may
	                                       hold them too; ends with NULL */
	struct {
		const struct flag * flag;
		const char * text;
		char * owned;
	} set[FLAGS_MAX];
	size_t n;
};

/*
 * Read flags (`-name value`, `-name=value`, the same with two dashes) off the
 * arguments; what is no flag is moved to the front of argv in order, *n of
 * them.  `--` ends the flags; `-` alone is no flag.  With only_leading the
 * first argument that is no flag ends them.  INVALID_INPUT with a sentence.
 */
int flags_parse(struct flags * flags, int argc, char ** argv,
    bool only_leading, int * n, struct error * err);

/*
 * Fill what is not set from the environment (BERTY_ and the name in capitals,
 * `.` and `-` as `_`), then from the file that the flag `config` names.
 */
int flags_complete(struct flags * flags, struct error * err);

void flags_free(struct flags * flags);

/* The value of a flag of the tables: its fallback, or NULL, if not set. */
const char * flags_text(const struct flags * flags, const char * name);
bool flags_given(const struct flags * flags, const char * name);
bool flags_on(const struct flags * flags, const char * name);

/*
 * The parts of a comma-separated value, as a list that ends with NULL and is
 * one allocation (free).  NULL without memory.
 */
const char ** flags_list(const char * text);

/* Print a table, one flag a line. */
void flags_help(const struct flag * table);

#endif /* !BERTY_CMD_FLAGS_H */
