#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/multibase.h"
#include "kat_run.h"

/* A value that differs is printed up to this many bytes. */
enum { SHOWN = 2048 };

void
kat_begin(struct kat * k, const char * format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(k->name, sizeof(k->name), format, ap);
	va_end(ap);
	k->failures = 0;
}

void
kat_end(struct kat * k)
{
	struct kat_scratch * s;

	while ((s = k->scratch) != NULL) {
		k->scratch = s->next;
		buffer_free(&s->bytes);
		free(s);
	}
	if (k->failures > 0)
		k->failed++;
	else
		k->passed++;
}

struct buffer *
kat_buffer(struct kat * k)
{
	struct kat_scratch * s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->next = k->scratch;
	k->scratch = s;
	return (&s->bytes);
}

void
kat_fail(struct kat * k, const char * format, ...)
{
	va_list ap;

	k->failures++;
	(void)printf("FAIL %s: %s: ", k->path, k->name);
	va_start(ap, format);
	(void)vprintf(format, ap);
	va_end(ap);
	(void)printf("\n");
}

static void
print_value(const char * label, struct slice value, bool text)
{
	size_t i, n = value.n < SHOWN ? value.n : SHOWN;

	(void)printf("  %s (%zu bytes): ", label, value.n);
	if (text)
		(void)printf("%.*s", (int)n, (const char *)value.p);
	else
		for (i = 0; i < n; i++)
			(void)printf("%02x", value.p[i]);
	(void)printf("%s\n", n < value.n ? "..." : "");
}

static void
compare(struct kat * k, const char * what, struct slice expected,
    struct slice actual, bool text)
{
	if (slice_equal(expected, actual))
		return;
	kat_fail(k, "%s differs", what);
	print_value("expected", expected, text);
	print_value("actual", actual, text);
}

void
kat_bytes(struct kat * k, const char * what, struct slice expected,
    struct slice actual)
{
	compare(k, what, expected, actual, false);
}

void
kat_text(struct kat * k, const char * what, struct slice expected,
    struct slice actual)
{
	compare(k, what, expected, actual, true);
}

void
kat_number(struct kat * k, const char * what, uint64_t expected,
    uint64_t actual)
{
	if (expected != actual)
		kat_fail(k, "%s: expected %llu, actual %llu", what,
		    (unsigned long long)expected, (unsigned long long)actual);
}

void
kat_true(struct kat * k, const char * what, bool value)
{
	if (!value)
		kat_fail(k, "not so: %s", what);
}

static bool
ends_in(const char * key, const char * suffix)
{
	size_t n = strlen(key), m = strlen(suffix);

	return (n >= m && strcmp(key + n - m, suffix) == 0);
}

void
kat_expect(struct kat * k, const cJSON * object, const char * key,
    struct slice actual)
{
	if (ends_in(key, "_str"))
		kat_text(k, key, kat_str(k, object, key), actual);
	else
		kat_bytes(k, key, kat_hex(k, object, key), actual);
}

void
kat_expect_if(struct kat * k, const cJSON * object, const char * key,
    struct slice actual)
{
	if (kat_has(object, key))
		kat_expect(k, object, key, actual);
}

void
kat_expect_number(struct kat * k, const cJSON * object, const char * key,
    uint64_t actual)
{
	kat_number(k, key, kat_dec(k, object, key), actual);
}

const cJSON *
kat_member(const cJSON * object, const char * key)
{
	return (cJSON_GetObjectItemCaseSensitive(object, key));
}

bool
kat_is_true(const cJSON * object, const char * key)
{
	return (cJSON_IsTrue(kat_member(object, key)));
}

bool
kat_has(const cJSON * object, const char * key)
{
	const cJSON * item = kat_member(object, key);

	return (item != NULL && !cJSON_IsNull(item));
}

static const cJSON *
demanded(struct kat * k, const cJSON * object, const char * key)
{
	if (!kat_has(object, key)) {
		kat_fail(k, "the vector has no %s", key);
		return (NULL);
	}
	return (kat_member(object, key));
}

struct slice
kat_str(struct kat * k, const cJSON * object, const char * key)
{
	const cJSON * item = demanded(k, object, key);

	if (item != NULL && !cJSON_IsString(item))
		kat_fail(k, "%s is no text", key);
	return (slice_text(cJSON_GetStringValue(item)));
}

struct slice
kat_hex(struct kat * k, const cJSON * object, const char * key)
{
	struct buffer * b = kat_buffer(k);

	if (hex_decode(b, kat_str(k, object, key)) != 0)
		kat_fail(k, "%s is no hex", key);
	return (buffer_all(b));
}

struct slice
kat_hex_item(struct kat * k, const cJSON * item)
{
	struct buffer * b = kat_buffer(k);

	if (!cJSON_IsString(item) ||
	    hex_decode(b, slice_text(cJSON_GetStringValue(item))) != 0)
		kat_fail(k, "an element is no hex");
	return (buffer_all(b));
}

const uint8_t *
kat_sized(struct kat * k, const cJSON * object, const char * key, size_t n)
{
	struct slice s = kat_hex(k, object, key);
	struct buffer * b;
	uint8_t * to;

	if (s.n == n)
		return (s.p);
	kat_fail(k, "%s is not %zu bytes long", key, n);
	b = kat_buffer(k);
	if ((to = buffer_grow(b, n)) == NULL)
		abort();
	memset(to, 0, n);
	return (to);
}

struct slice
kat_base64(struct kat * k, const cJSON * object, const char * key)
{
	struct buffer * b = kat_buffer(k);

	if (base64_decode(b, kat_str(k, object, key)) != 0)
		kat_fail(k, "%s is no base64", key);
	return (buffer_all(b));
}

uint64_t
kat_dec(struct kat * k, const cJSON * object, const char * key)
{
	const cJSON * item = demanded(k, object, key);
	const char * text = cJSON_GetStringValue(item);
	char * end = NULL;
	uint64_t v;

	if (item == NULL)
		return (0);
	if (cJSON_IsNumber(item))
		return ((uint64_t)(int64_t)item->valuedouble);
	v = text == NULL ? 0 : strtoull(text, &end, 10);
	if (end == NULL || end == text || *end != '\0')
		kat_fail(k, "%s is no number", key);
	return (v);
}

bool
kat_bool(struct kat * k, const cJSON * object, const char * key)
{
	const cJSON * item = demanded(k, object, key);

	if (item != NULL && !cJSON_IsBool(item))
		kat_fail(k, "%s is neither true nor false", key);
	return (cJSON_IsTrue(item));
}

const cJSON *
kat_object(struct kat * k, const cJSON * object, const char * key)
{
	const cJSON * item = demanded(k, object, key);

	if (item != NULL && !cJSON_IsObject(item))
		kat_fail(k, "%s is no object", key);
	return (item);
}

const cJSON *
kat_array(struct kat * k, const cJSON * object, const char * key)
{
	const cJSON * item = demanded(k, object, key);

	if (item != NULL && !cJSON_IsArray(item))
		kat_fail(k, "%s is no array", key);
	return (item);
}

struct slice
kat_cid_text(struct kat * k, const struct cid * cid)
{
	struct buffer * text = kat_buffer(k);

	cid_encode(text, cid);
	return (buffer_all(text));
}

const cJSON *
kat_context(const struct kat_vector * v, const char * key)
{
	const cJSON *one, *inputs;

	cJSON_ArrayForEach(one, v->vectors) {
		inputs = kat_member(one, "inputs");
		if (kat_has(inputs, key))
			return (inputs);
	}
	return (NULL);
}
