/* rows.c: what was measured, as a table and as JSON. */
#include <stdarg.h>
#include <stdlib.h>

#include "bench.h"

#define ROWS 128
#define REPEATS 64

struct row {
	const char * name;
	const char * unit;
	const char * skipped;
	double values[REPEATS];
	size_t n;
};

static struct row rows[ROWS];
static size_t n_rows;

static struct row *
row_of(const char * name, const char * unit)
{
	size_t i;

	for (i = 0; i < n_rows; i++)
		if (strcmp(rows[i].name, name) == 0)
			return (&rows[i]);
	if (n_rows == ROWS) {
		fprintf(stderr, "bench: too many rows\n");
		exit(1);
	}
	rows[n_rows].name = name;
	rows[n_rows].unit = unit;
	return (&rows[n_rows++]);
}

void
row_add(const char * name, const char * unit, double value)
{
	struct row * row = row_of(name, unit);

	if (row->n < REPEATS)
		row->values[row->n++] = value;
}

void
row_skip(const char * name, const char * unit, const char * why)
{
	struct row * row = row_of(name, unit);

	row->skipped = why;
	progress("%s: cannot be measured: %s", name, why);
}

void
progress(const char * format, ...)
{
	va_list list;

	va_start(list, format);
	fprintf(stderr, "  ");
	vfprintf(stderr, format, list);
	fprintf(stderr, "\n");
	va_end(list);
}

static int
compare(const void * a, const void * b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y ? -1 : x > y);
}

static double
median(struct row * row)
{
	size_t n = row->n;

	qsort(row->values, n, sizeof(row->values[0]), compare);
	return (n % 2 == 1 ? row->values[n / 2]
	                   : (row->values[n / 2 - 1] + row->values[n / 2]) / 2);
}

void
rows_print(FILE * f)
{
	size_t i;

	fprintf(f, "%-52s %12s %12s %12s %3s  %s\n", "", "median", "min",
	    "max", "n", "unit");
	for (i = 0; i < n_rows; i++) {
		struct row * row = &rows[i];
		double m;

		if (row->n == 0) {
			fprintf(f, "%-52s cannot be measured: %s\n", row->name,
			    row->skipped == NULL ? "?" : row->skipped);
			continue;
		}
		m = median(row);
		fprintf(f, "%-52s %12.6g %12.6g %12.6g %3zu  %s\n", row->name,
		    m, row->values[0], row->values[row->n - 1], row->n,
		    row->unit);
	}
}

static void
write_row(FILE * f, struct row * row)
{
	fprintf(f, "  {\"name\": \"%s\", \"unit\": \"%s\", \"n\": %zu, ",
	    row->name, row->unit, row->n);
	if (row->n == 0)
		fprintf(f, "\"min\": null, \"median\": null, \"max\": null, "
		    "\"skipped\": \"%s\"}",
		    row->skipped == NULL ? "" : row->skipped);
	else {
		double m = median(row);

		fprintf(f, "\"min\": %.6g, \"median\": %.6g, \"max\": %.6g}",
		    row->values[0], m, row->values[row->n - 1]);
	}
}

int
rows_write(const char * path)
{
	FILE * f = fopen(path, "w");
	size_t i;

	if (f == NULL)
		return (-1);
	fprintf(f, "[\n");
	for (i = 0; i < n_rows; i++) {
		write_row(f, &rows[i]);
		fprintf(f, "%s\n", i + 1 < n_rows ? "," : "");
	}
	fprintf(f, "]\n");
	return (fclose(f) == 0 ? 0 : -1);
}
