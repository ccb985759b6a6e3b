/*
 * kat.h: checks of known answers, read from JSON files.
 *
 * Files that name a `dialect` and hold `vectors` share one shape; each vector
 * (name, source, inputs, outputs) is given to the first check whose patterns
 * fit.  Other files have a reader of their own, chosen by file name.
 *
 * To add checks: write kat_<subject>.c with a table, declare it below, and
 * name it in the list at the top of kat.c.
 */
#ifndef BERTY_KAT_H
#define BERTY_KAT_H

#include <cjson/cJSON.h>

#include "base/buffer.h"
#include "base/network.h"
#include "codec/cid.h"

/* The bytes of an array. */
#define BYTES(array) slice_of((array), sizeof(array))

struct kat;

/* The vector at hand, for a check. */
struct kat_vector {
	const char * name;
	const char * source;
	const struct network * network; /* of the file's dialect; may be NULL */
	const cJSON * inputs;
	const cJSON * outputs;
	const cJSON * vectors;          /* all of the file, for their context */
};

/*
 * Which vectors a function checks.  NULL fits everything; `*` stands for any
 * run of characters; digits of the vector's name are left out before it is
 * compared.  A table ends with a NULL check.
 */
struct kat_check {
	const char * dialect;
	const char * source;
	const char * name;
	void (*check)(struct kat * k, const struct kat_vector * v);
};

/*
 * A reader of a file of another shape: it calls kat_begin and kat_end around
 * each thing it checks.  `file` is the stem of the file's name.
 */
struct kat_reader {
	const char * file;
	void (*read)(struct kat * k, const cJSON * root);
};

/*
 * A file beside the one at hand, parsed, or NULL when there is none; free with
 * cJSON_Delete.
 */
cJSON * kat_sibling(const struct kat * k, const char * name);

/* Around one vector, by readers. */
void kat_begin(struct kat * k, const char * format, ...)
    __attribute__((format(printf, 2, 3)));
void kat_end(struct kat * k);

/* The vector at hand has failed; say why.  It may fail several times. */
void kat_fail(struct kat * k, const char * format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Compare, and on difference fail with both values in hex (bytes) or as they
 * are.  `what` names the value.
 */
void kat_bytes(struct kat * k, const char * what, struct slice expected,
    struct slice actual);
void kat_text(struct kat * k, const char * what, struct slice expected,
    struct slice actual);
void kat_number(struct kat * k, const char * what, uint64_t expected,
    uint64_t actual);
void kat_true(struct kat * k, const char * what, bool value);

/*
 * Compare with the member `key` of `object`: hex bytes, text when the key
 * ends in _str, a number when it ends in _dec (given as text by kat_expect's
 * caller: use kat_expect_number).  A missing member fails the vector.
 */
void kat_expect(struct kat * k, const cJSON * object, const char * key,
    struct slice actual);
void kat_expect_number(struct kat * k, const cJSON * object, const char * key,
    uint64_t actual);

/* The same for what a file may leave out. */
void kat_expect_if(struct kat * k, const cJSON * object, const char * key,
    struct slice actual);

/* The text of a CID, until the vector's end. */
struct slice kat_cid_text(struct kat * k, const struct cid * cid);

/*
 * Members.  What is missing or malformed fails the vector and reads as empty
 * or 0; ask kat_has first for what may be absent (null counts as absent), or
 * kat_member and kat_is_true, which answer NULL and false for it.
 * Bytes and texts live until the vector's end.  kat_sized demands n bytes and
 * answers n zero bytes when they are not there.
 */
bool kat_has(const cJSON * object, const char * key);
const cJSON * kat_member(const cJSON * object, const char * key);
bool kat_is_true(const cJSON * object, const char * key);
struct slice kat_hex(struct kat * k, const cJSON * object, const char * key);
const uint8_t * kat_sized(struct kat * k, const cJSON * object,
    const char * key, size_t n);
struct slice kat_base64(struct kat * k, const cJSON * object,
    const char * key);
struct slice kat_str(struct kat * k, const cJSON * object, const char * key);
uint64_t kat_dec(struct kat * k, const cJSON * object, const char * key);
bool kat_bool(struct kat * k, const cJSON * object, const char * key);
const cJSON * kat_object(struct kat * k, const cJSON * object,
    const char * key);
const cJSON * kat_array(struct kat * k, const cJSON * object,
    const char * key);

/* Bytes of a hex text that is an array's element. */
struct slice kat_hex_item(struct kat * k, const cJSON * item);

/*
 * The inputs of another vector of the file, the first that has this one, for
 * their context; or NULL.
 */
const cJSON * kat_context(const struct kat_vector * v, const char * key);

/* An empty buffer that is freed at the vector's end. */
struct buffer * kat_buffer(struct kat * k);

/* The tables. */
extern const struct kat_check kat_keys_checks[];
extern const struct kat_check kat_rendezvous_checks[];
extern const struct kat_check kat_group_checks[];
extern const struct kat_check kat_chain_checks[];
extern const struct kat_check kat_message_checks[];
extern const struct kat_check kat_envelope_checks[];
extern const struct kat_check kat_links_checks[];
extern const struct kat_check kat_files_checks[];
extern const struct kat_check kat_addresses_checks[];
extern const struct kat_check kat_heads_checks[];
extern const struct kat_check kat_contact_checks[];
extern const struct kat_reader kat_log_readers[];
extern const struct kat_reader kat_entries_readers[];
extern const struct kat_reader kat_encrypted_readers[];
extern const struct kat_reader kat_addresses_readers[];
extern const struct kat_reader kat_heads_readers[];
extern const struct kat_reader kat_pubsub_readers[];
extern const struct kat_reader kat_bitswap_readers[];
extern const struct kat_reader kat_noise_readers[];
extern const struct kat_reader kat_tls_readers[];
extern const struct kat_reader kat_identify_readers[];

#endif /* !BERTY_KAT_H */
