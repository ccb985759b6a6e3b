/*
 * mdns_message.h: DNS messages as multicast DNS uses them, read strictly and
 * written for the libp2p service.  Source: RFC 1035 §4, RFC 6762 §18, libp2p
 * discovery/mdns.
 */
#ifndef BERTY_P2P_MDNS_MESSAGE_H
#define BERTY_P2P_MDNS_MESSAGE_H

#include "base/buffer.h"

/* The largest message, bytes; questions and records in one at most. */
enum { MDNS_MESSAGE_MAX = 9000, MDNS_RECORDS_MAX = 512 };

/* Bytes of a name, of a label, and of a string of a TXT record, at most. */
enum { MDNS_NAME_MAX = 255, MDNS_LABEL_MAX = 63, MDNS_STRING_MAX = 255 };

enum mdns_type { MDNS_A = 1, MDNS_PTR = 12, MDNS_TXT = 16, MDNS_AAAA = 28,
	MDNS_SRV = 33, MDNS_ANY = 255 };

/*
 * A name as on the wire, without compression and in lower case: labels behind
 * their length, the empty one at the end.
 */
struct mdns_name {
	uint8_t n;
	uint8_t bytes[MDNS_NAME_MAX];
};

static inline bool
mdns_name_equal(const struct mdns_name * a, const struct mdns_name * b)
{
	return (a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0);
}

/*
 * From text with dots (labels have none inside): -ERR_INVALID_INPUT for an
 * empty or long label and a long name.
 */
int mdns_name_of(struct mdns_name * name, const char * text);

/* Is it one label and then that service? */
bool mdns_name_within(const struct mdns_name * name,
    const struct mdns_name * service);

struct mdns_question {
	struct mdns_name name;
	uint16_t type;            /* may be none of enum mdns_type */
	bool unicast;             /* an answer to the asker alone is preferred */
};

enum mdns_section { MDNS_ANSWER, MDNS_AUTHORITY, MDNS_ADDITIONAL };

struct mdns_record {
	enum mdns_section section;
	struct mdns_name name;
	uint16_t type;            /* may be none of enum mdns_type */
	uint32_t ttl;             /* seconds */
	struct slice data;        /* borrowed; of a TXT: strings behind lengths */
	struct mdns_name target;  /* of a PTR or SRV, else empty */
};

/* The header. */
struct mdns_header {
	uint16_t id;
	bool response;
	bool authorities;         /* a probe: it has records of that section */
};

/* Who is told what a message holds; members may be NULL. */
struct mdns_reader {
	void (*question)(void * user, const struct mdns_question * q);
	void (*record)(void * user, const struct mdns_record * r);
	void * user;
};

/* The header of a well-formed message; the errors of mdns_message_read. */
int mdns_message_check(struct slice message, struct mdns_header * header);

/*
 * Read a message: nothing is told unless all of it is well-formed.  Questions
 * and records of other classes than IN are left out.  -ERR_DESERIALIZATION for
 * bytes that are no message, that go on after it, or that hold too much;
 * -ERR_INVALID_INPUT for an operation or an error code, which mDNS ignores.
 */
int mdns_message_read(struct slice message, const struct mdns_reader * reader);

/*
 * The next string of a TXT record's data: false at the end (which is where a
 * length runs past it, too).
 */
bool mdns_text_next(struct slice * data, struct slice * string);

/* --- writing ------------------------------------------------------------ */

/* A message that is written: `out` is appended to, from its header on. */
struct mdns_writer {
	struct buffer * out;
	size_t start;
	uint16_t counts[4];       /* questions, then the sections */
};

/* Begin, ask, add records (sections in their order), and end. */
void mdns_write_begin(struct mdns_writer * w, struct buffer * out,
    uint16_t id, bool response);
void mdns_write_question(struct mdns_writer * w, const struct mdns_name * name,
    enum mdns_type type);

/* flush: this is the whole set of records of that name and type. */
void mdns_write_record(struct mdns_writer * w, enum mdns_section section,
    const struct mdns_name * name, enum mdns_type type, bool flush,
    uint32_t ttl, struct slice data);
void mdns_write_end(struct mdns_writer * w);

/* Append a string of a TXT record; false, and nothing, if it is too long. */
bool mdns_write_text(struct buffer * data, struct slice string);

#endif /* !BERTY_P2P_MDNS_MESSAGE_H */
