#include "group/attachment_register.h"

#include "base/reader.h"
#include "crypto/crypto.h"

enum { ROW_VERSION = 1, SCOPE = 0, SCOPE_OTHERS = 3, PINNED = 1, COMPLETE = 2 };

static void
encode(struct buffer * out, const struct attachment_register * r)
{
	/* At once: growing would leave copies of the key behind. */
	(void)buffer_reserve(out, 128 + CID_MAX);
	buffer_byte(out, ROW_VERSION);
	buffer_byte(out, r->cid.n);
	buffer_slice(out, cid_slice(&r->cid));
	buffer_byte(out, (uint8_t)r->cipher);
	buffer_append(out, r->key, sizeof(r->key));
	buffer_byte(out, (uint8_t)((r->pinned ? PINNED : 0) |
	    (r->complete ? COMPLETE : 0)));
	buffer_be64(out, r->id);
	buffer_be64(out, r->bytes);
	buffer_be64(out, r->held);
	buffer_be64(out, (uint64_t)r->since);
	buffer_be64(out, (uint64_t)r->used);
}

static int
decode(struct attachment_register * r, struct slice value)
{
	struct reader in = reader_of(value);
	struct slice cid, key;
	uint8_t cipher, flags;

	*r = (struct attachment_register){.id = 0};
	if (reader_byte(&in) != ROW_VERSION)
		return (-ERR_DB_READ);
	cid = reader_take(&in, reader_byte(&in));
	cipher = reader_byte(&in);
	r->cipher = cipher <= ATTACHMENT_PLAIN ? (enum attachment_cipher)cipher
	    : ATTACHMENT_BERTY;
	key = reader_take(&in, sizeof(r->key));
	flags = reader_byte(&in);
	r->pinned = (flags & PINNED) != 0;
	r->complete = (flags & COMPLETE) != 0;
	r->id = reader_be64(&in);
	r->bytes = reader_be64(&in);
	r->held = reader_be64(&in);
	r->since = (int64_t)reader_be64(&in);
	r->used = (int64_t)reader_be64(&in);
	if (!reader_done(&in) || cid_parse(&r->cid, cid) != 0)
		return (-ERR_DB_READ);
	memcpy(r->key, key.p, sizeof(r->key));
	return (0);
}

int
attachment_register_load(struct store * s, const struct cid * cid,
    struct attachment_register * r)
{
	struct buffer value = {0};
	int status;

	(void)buffer_reserve(&value, 256);
	status = store_get(s, STORE_ATTACHMENT, SCOPE, cid_slice(cid), &value);
	if (status == 0)
		status = decode(r, buffer_all(&value));
	buffer_wipe(&value);
	return (status);
}

int
attachment_register_save(struct store * s, const struct attachment_register * r)
{
	struct buffer value = {0};
	int status;

	encode(&value, r);
	status = value.failed ? -ERR_INTERNAL
	    : store_put(s, STORE_ATTACHMENT, SCOPE, cid_slice(&r->cid),
	          buffer_all(&value));
	buffer_wipe(&value);
	return (status);
}

int
attachment_register_remove(struct store * s, const struct cid * cid)
{
	return (store_delete(s, STORE_ATTACHMENT, SCOPE, cid_slice(cid)));
}

int
attachment_register_others(struct store * s, const struct cid * cid,
    struct buffer * out)
{
	/* At once: growing would leave copies of keys behind. */
	(void)buffer_reserve(out, (ATTACHMENT_OTHERS_MAX + 1) *
	    ATTACHMENT_OTHER_SIZE);
	return (store_get(s, STORE_ATTACHMENT, SCOPE_OTHERS, cid_slice(cid),
	    out));
}

/* Is it the first key, or proved to be another's by reading it all? */
static bool
is_settled(const struct attachment_register * known,
    const struct attachment_register * r)
{
	return ((known->complete && known->cipher != ATTACHMENT_PLAIN) ||
	    (known->cipher == r->cipher &&
	     crypto_equal(known->key, r->key, sizeof(r->key))));
}

static int
keep_other(struct store * s, const struct attachment_register * r)
{
	struct buffer others = {0};
	uint8_t other[ATTACHMENT_OTHER_SIZE] = {(uint8_t)r->cipher};
	size_t at;
	int status;

	memcpy(other + 1, r->key, sizeof(r->key));
	status = attachment_register_others(s, &r->cid, &others);
	if (status == -ERR_NOT_FOUND)
		status = 0;
	for (at = 0; at + sizeof(other) <= others.n; at += sizeof(other))
		if (crypto_equal(others.p + at, other, sizeof(other)))
			break;
	if (status == 0 && at == others.n &&
	    at < ATTACHMENT_OTHERS_MAX * sizeof(other)) {
		buffer_append(&others, other, sizeof(other));
		status = others.failed ? -ERR_INTERNAL : store_put(s,
		    STORE_ATTACHMENT, SCOPE_OTHERS, cid_slice(&r->cid),
		    buffer_all(&others));
	}
	crypto_wipe(other, sizeof(other));
	buffer_wipe(&others);
	return (status);
}

static int
learn(struct store * s, struct slice cid, struct slice secret, int64_t now)
{
	struct attachment_register r = {.since = now, .used = now}, known;
	int status;

	if (cid_parse(&r.cid, cid) != 0 ||
	    attachment_secret_parse(&r.cipher, r.key, secret) != 0)
		return (0);
	status = attachment_register_load(s, &r.cid, &known);
	if (status == -ERR_NOT_FOUND)
		status = attachment_register_save(s, &r);
	else if (status == 0 && !is_settled(&known, &r))
		status = keep_other(s, &r);
	crypto_wipe(&r, sizeof(r));
	crypto_wipe(&known, sizeof(known));
	return (status);
}

int
attachment_register_learn(struct store * s, const struct attached * a,
    int64_t now)
{
	size_t i;
	int status = 0;

	for (i = 0; i < a->n && i < ATTACHMENT_EVENT_MAX && status == 0; i++)
		status = learn(s, a->cids[i], a->secrets[i], now);
	return (status);
}

struct walk {
	int (*each)(void * user, const struct attachment_register * r);
	void * user;
};

static int
give(void * user, struct slice value)
{
	struct walk * walk = user;
	struct attachment_register r;
	int status;

	if ((status = decode(&r, value)) == 0)
		status = walk->each(walk->user, &r);
	crypto_wipe(&r, sizeof(r));
	return (status);
}

int
attachment_register_each(struct store * s,
    int (*each)(void * user, const struct attachment_register * r), void * user)
{
	struct walk walk = {each, user};

	return (store_each(s, STORE_ATTACHMENT, SCOPE, give, &walk));
}
