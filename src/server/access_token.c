#include "server/access_token.h"

#include "crypto/crypto.h"

static bool
is_space(uint8_t c)
{
	return (c == ' ' || c == '\t' || c == '\r');
}

static struct slice
skip_space(struct slice s)
{
	while (s.n > 0 && is_space(*s.p))
		s = slice_of(s.p + 1, s.n - 1);
	return (s);
}

static struct slice
take_word(struct slice * s)
{
	const uint8_t * p = s->p;
	size_t n = 0;

	while (n < s->n && !is_space(p[n]))
		n++;
	*s = slice_of(p + n, s->n - n);
	return (slice_of(p, n));
}

static struct slice
take_line(struct slice * s)
{
	const uint8_t * p = s->p;
	size_t n = 0;

	while (n < s->n && p[n] != '\n')
		n++;
	*s = n < s->n ? slice_of(p + n + 1, s->n - n - 1) : slice_of(p + n, 0);
	return (slice_of(p, n));
}

static bool
is_token_character(uint8_t c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != 0 && strchr("-._~+/", c) != NULL));
}

bool
access_token_is_one(struct slice token)
{
	size_t i = 0;

	if (token.n < ACCESS_TOKEN_LEAST || token.n > ACCESS_TOKEN_MOST)
		return (false);
	while (i < token.n && is_token_character(token.p[i]))
		i++;
	while (i > 0 && i < token.n && token.p[i] == '=')
		i++;
	return (i == token.n);
}

/* The token of the next line that has one; false at the end. */
static bool
next_token(struct slice * text, unsigned * line, struct slice * token,
    struct slice * name)
{
	struct slice rest;

	while (text->n > 0) {
		(*line)++;
		rest = skip_space(take_line(text));
		if (rest.n == 0 || *rest.p == '#')
			continue;
		*token = take_word(&rest);
		*name = skip_space(rest);
		while (name->n > 0 && is_space(name->p[name->n - 1]))
			name->n--;
		return (true);
	}
	return (false);
}

static int
refuse(unsigned line, struct error * err)
{
	return (error_set(err, ERR_INVALID_INPUT, "line %u of the file of "
	    "tokens: a token has %d to %d letters, digits and -._~+/=", line,
	    ACCESS_TOKEN_LEAST, ACCESS_TOKEN_MOST));
}

static void
keep(struct access_token * to, struct slice token, struct slice name)
{
	size_t i, n = name.n < ACCESS_TOKEN_NAME ? name.n :
	    ACCESS_TOKEN_NAME - 1;

	sha256(to->digest, &token, 1);
	/* It stands in log lines. */
	for (i = 0; i < n; i++)
		to->name[i] = name.p[i] < 0x20 || name.p[i] > 0x7e ? '?' :
		    (char)name.p[i];
	to->name[n] = '\0';
}

int
access_tokens_parse(struct access_tokens * tokens, struct slice text,
    struct error * err)
{
	struct access_tokens found = {0};
	struct slice token, name;
	unsigned line = 0;

	while (next_token(&text, &line, &token, &name)) {
		if (!access_token_is_one(token))
			return (refuse(line, err));
		if (found.n == ACCESS_TOKENS_MAX)
			return (error_set(err, ERR_INVALID_INPUT, "the file "
			    "of tokens has more than %d", ACCESS_TOKENS_MAX));
		keep(&found.list[found.n++], token, name);
	}
	if (found.n == 0)
		return (error_set(err, ERR_INVALID_INPUT,
		    "the file of tokens has none"));
	*tokens = found;
	return (0);
}

int
access_tokens_first(struct slice text, struct slice * token,
    struct error * err)
{
	struct slice found, name;
	unsigned line = 0;

	if (!next_token(&text, &line, &found, &name))
		return (error_set(err, ERR_INVALID_INPUT,
		    "the file of tokens has none"));
	if (!access_token_is_one(found))
		return (refuse(line, err));
	*token = found;
	return (0);
}

const struct access_token *
access_tokens_find(const struct access_tokens * tokens, struct slice token)
{
	const struct access_token * found = NULL;
	uint8_t digest[32];
	size_t i;

	sha256(digest, &token, 1);
	for (i = 0; i < tokens->n; i++)
		if (crypto_equal(digest, tokens->list[i].digest,
		    sizeof(digest)))
			found = &tokens->list[i];
	crypto_wipe(digest, sizeof(digest));
	return (found);
}

bool
access_token_of(struct slice header, struct slice * token)
{
	static const char scheme[] = "bearer";
	struct slice rest = skip_space(header), word = take_word(&rest);
	struct slice found;
	size_t i;

	if (word.n != sizeof(scheme) - 1)
		return (false);
	for (i = 0; i < word.n; i++)
		if ((word.p[i] | 0x20) != scheme[i])
			return (false);
	rest = skip_space(rest);
	found = take_word(&rest);
	if (skip_space(rest).n > 0 || !access_token_is_one(found))
		return (false);
	*token = found;
	return (true);
}
