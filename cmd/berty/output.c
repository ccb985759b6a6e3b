#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "codec/multibase.h"
#include "codec/utf8.h"

void
output_error(const struct error * err)
{
	char chain[400];
	int i;

	fputs("berty: ", stderr);
	fputs(err->text[0] != '\0' ? err->text
	    : error_name(err->n > 0 ? err->code[err->n - 1] : 0), stderr);
	if (err->n > 0) {
		chain[0] = '\0';
		for (i = 0; i < err->n; i++)
			(void)snprintf(chain + strlen(chain),
			    sizeof(chain) - strlen(chain), "%s%s(#%d)",
			    i == 0 ? "" : " > ", error_name(err->code[i]),
			    err->code[i]);
		fprintf(stderr, " [%s]", chain);
	}
	fputc('\n', stderr);
}

/* Length of a character that hides or turns text, or 0. */
static size_t
unsafe(const uint8_t * p, size_t n)
{
	if (*p < 0x20 || *p == 0x7f)
		return (1);
	/* C1 controls, and the marks that turn the direction of text. */
	if (n >= 2 && p[0] == 0xc2 && p[1] < 0xa0)
		return (2);
	if (n >= 3 && p[0] == 0xe2 && p[1] == 0x80 &&
	    ((p[2] >= 0x8e && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae)))
		return (3);
	if (n >= 3 && p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 &&
	    p[2] <= 0xa9)
		return (3);
	return (0);
}

static void
make_safe(struct buffer * out, struct slice text)
{
	bool valid = utf8_valid(text);
	size_t i = 0, bad;

	while (i < text.n) {
		bad = !valid && text.p[i] >= 0x80 ? 1
		    : unsafe(text.p + i, text.n - i);
		buffer_byte(out, bad > 0 ? '?' : text.p[i]);
		i += bad > 0 ? bad : 1;
	}
}

void
output_safe(struct slice text)
{
	struct buffer safe = {0};

	make_safe(&safe, text);
	if (safe.n > 0)
		(void)fwrite(safe.p, 1, safe.n, stdout);
	buffer_free(&safe);
}

void
output_json(cJSON * object)
{
	char * text = cJSON_PrintUnformatted(object);

	if (text != NULL)
		puts(text);
	(void)fflush(stdout);
	cJSON_free(text);
	cJSON_Delete(object);
}

static void
add_encoded(cJSON * object, const char * name, struct buffer * text)
{
	buffer_byte(text, 0);
	if (!text->failed)
		cJSON_AddStringToObject(object, name, (char *)text->p);
	buffer_free(text);
}

void
output_add_bytes(cJSON * object, const char * name, struct slice bytes)
{
	struct buffer text = {0};

	base64_encode(&text, bytes);
	add_encoded(object, name, &text);
}

void
output_add_text(cJSON * object, const char * name, struct slice s)
{
	struct buffer text = {0};

	/* JSON escapes control characters; only bad UTF-8 cannot be said. */
	if (utf8_valid(s) && (s.n == 0 || memchr(s.p, 0, s.n) == NULL))
		buffer_slice(&text, s);
	else
		make_safe(&text, s);
	add_encoded(object, name, &text);
}

static void
cid_text(struct buffer * text, struct slice cid)
{
	/* A CIDv0 has no multibase prefix. */
	if (cid.n == 34 && cid.p[0] == 0x12) {
		bignum_encode(text, base58_alphabet, cid);
		return;
	}
	buffer_byte(text, 'b');
	base32_encode(text, cid);
}

void
output_add_cid(cJSON * object, const char * name, struct slice cid)
{
	struct buffer text = {0};

	cid_text(&text, cid);
	add_encoded(object, name, &text);
}

void
output_cid(struct slice cid)
{
	struct buffer text = {0};

	cid_text(&text, cid);
	printf("%.*s", (int)text.n, (char *)text.p);
	buffer_free(&text);
}

void
output_hex(struct slice bytes)
{
	size_t i;

	for (i = 0; i < bytes.n; i++)
		printf("%02x", bytes.p[i]);
}
