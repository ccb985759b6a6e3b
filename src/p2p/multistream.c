#include "p2p/multistream.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/reader.h"

#define HEADER "/multistream/1.0.0"

/* A length of at most MULTISTREAM_MAX takes two bytes. */
#define LENGTH_SIZE 2

struct multistream {
	bool dialer;
	bool greeted;                     /* the other's header came */
	bool agreed;
	unsigned tries;                   /* proposals answered with na */
	struct buffer offers;             /* NUL-terminated names, one by one */
	size_t offer;                     /* where the current one starts */
	bool (*speaks)(void * user, const char * protocol);
	void * user;
	size_t held;
	uint8_t message[MULTISTREAM_MAX + LENGTH_SIZE];
	char text[MULTISTREAM_MAX];       /* the message at hand, NUL-ended */
};

void
multistream_message(struct buffer * out, const char * text)
{
	buffer_uvarint(out, strlen(text) + 1);
	buffer_text(out, text);
	buffer_byte(out, '\n');
}

static const char *
current_offer(const struct multistream * m)
{
	return ((const char *)m->offers.p + m->offer);
}

struct multistream *
multistream_dial(const char * const * protocols, struct buffer * out)
{
	struct multistream * m = calloc(1, sizeof(*m));
	size_t i;

	if (m == NULL)
		goto err0;
	m->dialer = true;
	for (i = 0; protocols[i] != NULL; i++) {
		if (strlen(protocols[i]) >= MULTISTREAM_MAX)
			goto err1;
		buffer_append(&m->offers, protocols[i],
		    strlen(protocols[i]) + 1);
	}
	if (i == 0 || m->offers.failed)
		goto err1;
	multistream_message(out, HEADER);
	multistream_message(out, current_offer(m));
	return (m);

err1:
	multistream_free(m);
err0:
	return (NULL);
}

struct multistream *
multistream_listen(bool (*speaks)(void * user, const char * protocol),
    void * user)
{
	struct multistream * m = calloc(1, sizeof(*m));

	if (m == NULL)
		return (NULL);
	m->speaks = speaks;
	m->user = user;
	return (m);
}

void
multistream_free(struct multistream * m)
{
	if (m == NULL)
		return;
	buffer_free(&m->offers);
	free(m);
}

/* The dialer reads the answer to its offer. */
static int
read_answer(struct multistream * m, struct buffer * out)
{
	if (strcmp(m->text, current_offer(m)) == 0) {
		m->agreed = true;
		return (1);
	}
	if (strcmp(m->text, "na") != 0)
		return (-ERR_INVALID_INPUT);
	m->offer += strlen(current_offer(m)) + 1;
	if (m->offer >= m->offers.n)
		return (-ERR_NOT_FOUND);
	multistream_message(out, current_offer(m));
	return (0);
}

/* The listener reads an offer; `ls` is optional, and answered as unknown. */
static int
read_offer(struct multistream * m, struct buffer * out)
{
	if (m->text[0] != '\0' && m->speaks(m->user, m->text)) {
		multistream_message(out, m->text);
		m->agreed = true;
		return (1);
	}
	if (++m->tries >= MULTISTREAM_TRIES)
		return (-ERR_NOT_FOUND);
	multistream_message(out, "na");
	return (0);
}

static int
read_message(struct multistream * m, struct buffer * out)
{
	if (!m->greeted) {
		if (strcmp(m->text, HEADER) != 0)
			return (-ERR_INVALID_INPUT);
		m->greeted = true;
		if (!m->dialer)
			multistream_message(out, HEADER);
		return (0);
	}
	return (m->dialer ? read_answer(m, out) : read_offer(m, out));
}

/* How many more bytes the message at hand needs at least; 0: it is whole. */
static int
missing(const struct multistream * m, size_t * want)
{
	struct reader r = reader_of(slice_of(m->message, m->held));
	uint64_t length;

	*want = 1;
	if (m->held == 0 || (m->held == 1 && (m->message[0] & 0x80) != 0))
		return (0);
	length = reader_uvarint(&r);
	if (r.failed || length == 0 || length > MULTISTREAM_MAX)
		return (-ERR_INVALID_INPUT);
	*want = (size_t)length - r.n;
	return (0);
}

/* Copy the message's text; the newline is part of its length. */
static int
take_text(struct multistream * m)
{
	struct reader r = reader_of(slice_of(m->message, m->held));
	struct slice text;

	(void)reader_uvarint(&r);
	text = reader_rest(&r);
	if (text.p[text.n - 1] != '\n' ||
	    memchr(text.p, '\0', text.n) != NULL)
		return (-ERR_INVALID_INPUT);
	memcpy(m->text, text.p, text.n - 1);
	m->text[text.n - 1] = '\0';
	m->held = 0;
	return (0);
}

int
multistream_feed(struct multistream * m, struct slice * in,
    struct buffer * out)
{
	size_t want, n;
	int status;

	for (;;) {
		if ((status = missing(m, &want)) != 0)
			return (status);
		n = want < in->n ? want : in->n;
		if (n > 0)
			memcpy(m->message + m->held, in->p, n);
		m->held += n;
		*in = slice_of(in->p + n, in->n - n);
		if (n < want)
			return (0);
		if ((status = missing(m, &want)) != 0)
			return (status);
		if (want > 0)
			continue;
		if ((status = take_text(m)) != 0 ||
		    (status = read_message(m, out)) != 0)
			return (status);
	}
}

const char *
multistream_protocol(const struct multistream * m)
{
	return (m->agreed ? m->text : NULL);
}
