#include "base/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

void
error_clear(struct error * err)
{
	if (err == NULL)
		return;
	err->n = 0;
	err->text[0] = '\0';
}

int
error_set(struct error * err, int code, const char * format, ...)
{
	va_list ap;

	if (err == NULL)
		return (-code);
	err->n = 1;
	err->code[0] = code;
	va_start(ap, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	return (-code);
}

int
error_wrap(struct error * err, int code)
{
	int keep;

	if (err == NULL)
		return (-code);
	keep = err->n < ERROR_DEPTH ? err->n : ERROR_DEPTH - 1;
	memmove(&err->code[1], &err->code[0], sizeof(int) * (size_t)keep);
	err->code[0] = code;
	err->n = keep + 1;
	return (-code);
}

int
error_from(struct error * err, int outer, int status, const char * text)
{
	(void)error_set(err, -status, "%s", text);
	return (error_wrap(err, outer));
}

const char *
error_name(int code)
{
	switch (code) {
	case 0:
		return ("Undefined");
#define ERROR_NAME(number, constant, name) \
	case number: \
		return (name);
	ERROR_CODES(ERROR_NAME)
#undef ERROR_NAME
	default:
		return ("UNKNOWN_ERRCODE");
	}
}

int
error_format(const struct error * err, char * text, unsigned long size)
{
	size_t at = 0;
	int i, n;

	if (size > 0)
		text[0] = '\0';
	for (i = 0; i < err->n; i++) {
		n = snprintf(at < size ? text + at : NULL,
		    at < size ? size - at : 0, "%s%s(#%d)", i > 0 ? ": " : "",
		    error_name(err->code[i]), err->code[i]);
		at += n > 0 ? (size_t)n : 0;
	}
	if (err->text[0] != '\0') {
		n = snprintf(at < size ? text + at : NULL,
		    at < size ? size - at : 0, "%s%s", err->n > 0 ? ": " : "",
		    err->text);
		at += n > 0 ? (size_t)n : 0;
	}
	return ((int)at);
}
