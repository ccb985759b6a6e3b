#include "base/error_public.h"

#include <limits.h>
#include <string.h>

_Static_assert(sizeof(struct error) == sizeof(struct berty_error) &&
    ERROR_DEPTH == BERTY_ERROR_DEPTH, "the two have the same members");

int
error_export(struct berty_error * to, const struct error * from, int status)
{
	if (to == NULL)
		return (status);
	to->n = from->n;
	memcpy(to->code, from->code, sizeof(to->code));
	memcpy(to->text, from->text, sizeof(to->text));
	return (status);
}

int
error_import(struct error * to, const struct berty_error * from, int status)
{
	if (to == NULL)
		return (status);
	to->n = from->n;
	memcpy(to->code, from->code, sizeof(to->code));
	memcpy(to->text, from->text, sizeof(to->text));
	return (status);
}

const char *
berty_error_name(int code)
{
	return (error_name(code < 0 && code > INT_MIN ? -code : code));
}

int
berty_error_format(const struct berty_error * err, char * text, size_t size)
{
	struct error e = {0};

	(void)error_import(&e, err, 0);
	return (error_format(&e, text, size));
}
