#include "group/alias.h"

#include <stdlib.h>

#include "group/alias_rows.h"
#include "group/group_impl.h"
#include "group/wire.h"

/* --- folding -------------------------------------------------------------- */

/*
 * A contact group has two members.  The account key is no alias key: it is what
 * wesh sends by mistake, and everybody knows it.
 */
static int
fold_key(struct group * g, struct slice payload,
    const struct event_place * place, const uint8_t member_pk[32])
{
	struct alias_key key = {.place = *place}, known;
	uint64_t scope;
	struct slice alias, proof;
	int status;

	if (wire_find(payload, 2, &alias) != 0 ||
	    wire_find(payload, ALIAS_FIELD_MEMBER_PROOF, &proof) != 0 ||
	    !wire_copy(key.alias_pk, KEY_SIZE, alias) ||
	    memcmp(key.alias_pk, member_pk, KEY_SIZE) == 0 ||
	    !ed25519_is_point(key.alias_pk))
		return (0);
	scope = memcmp(member_pk, g->contact_pk, KEY_SIZE) == 0 ? g->aliases
	                                                        : g->scope;
	status = alias_key_load(g->context.store, scope, member_pk, &known);
	if (status != 0 && status != -ERR_NOT_FOUND)
		return (status);
	if (status == 0 && event_place_compare(&known.place, place) >= 0)
		return (0);
	memcpy(key.account_pk, member_pk, KEY_SIZE);
	key.bound = proof.n == SIGNATURE_SIZE &&
	    alias_check_member(proof.p, key.alias_pk, g->secrets->info.pk,
	        member_pk) == 0;
	return (alias_key_save(g->context.store, scope, &key));
}

static int
fold_claim(struct group * g, const struct metadata_event * e,
    const struct event_place * place)
{
	struct alias_claim claim, known;
	struct event_place held;
	int status;

	if (alias_claim_read(&claim, e->payload) != 0)
		return (0);
	memcpy(claim.device_pk, e->device_pk, KEY_SIZE);
	status = alias_claim_load(g->context.store, g->scope, claim.device_pk,
	    &known, &held);
	if (status != 0 && status != -ERR_NOT_FOUND)
		return (status);
	if (status == 0 && event_place_compare(&held, place) >= 0)
		return (0);
	return (alias_claim_save(g->context.store, g->scope, &claim, place));
}

int
alias_fold(struct group * g, const struct metadata_event * e,
    const struct event_place * place, const uint8_t member_pk[32])
{
	enum group_type type = g->secrets->info.type;

	if (e->type == EVENT_CONTACT_ALIAS_KEY_ADDED && type == GROUP_CONTACT)
		return (fold_key(g, e->payload, place, member_pk));
	if (e->type == EVENT_ALIAS_RESOLVER_ADDED &&
	    type == GROUP_MULTI_MEMBER)
		return (fold_claim(g, e, place));
	return (0);
}

/* --- writing -------------------------------------------------------------- */

static int
wrong_type(struct error * err, const char * text)
{
	(void)error_set(err, ERR_GROUP_INVALID_TYPE, "%s", text);
	return (error_wrap(err, ERR_ORBIT_DB_APPEND));
}

static int
write_payload(struct group * g, unsigned type, struct buffer * payload,
    struct error * err)
{
	int status = payload->failed
	    ? error_set(err, ERR_INTERNAL, "out of memory")
	    : group_write_event(g, type, buffer_all(payload), NULL, NULL, err);

	buffer_free(payload);
	return (status == 0 ? 0 : error_wrap(err, ERR_ORBIT_DB_APPEND));
}

int
group_send_alias_key(struct group * g, const struct ed25519_key * alias,
    struct error * err)
{
	const struct group_secrets * s = g->secrets;
	struct buffer payload = {0};
	struct alias_key sent;
	uint8_t proof[SIGNATURE_SIZE];

	if (s->info.type != GROUP_CONTACT)
		return (wrong_type(err,
		    "an alias key is sent to a contact, in its group"));
	if (alias_key_load(g->context.store, g->scope, s->member.pub,
	        &sent) == 0 &&
	    sent.bound && memcmp(sent.alias_pk, alias->pub, KEY_SIZE) == 0)
		return (0);
	alias_prove_member(proof, alias, s->info.pk, s->member.pub);
	wire_put_bytes(&payload, 1, slice_of(s->device.pub, KEY_SIZE));
	wire_put_bytes(&payload, 2, slice_of(alias->pub, KEY_SIZE));
	wire_put_bytes(&payload, ALIAS_FIELD_MEMBER_PROOF,
	    slice_of(proof, sizeof(proof)));
	return (write_payload(g, EVENT_CONTACT_ALIAS_KEY_ADDED, &payload,
	    err));
}

/* Is there a claim of ours, by whichever of our devices?  1, 0 or a code. */
struct own_claim {
	struct group * g;
	const uint8_t * alias_pk;
};

static int
is_own_claim(void * user, struct slice value)
{
	const struct own_claim * own = user;
	const struct group_secrets * s = own->g->secrets;
	struct alias_claim claim;
	struct event_place place;
	uint8_t member_pk[32];
	int status;

	if ((status = alias_claim_decode(&claim, &place, value)) != 0)
		return (status);
	if (group_member_of(own->g, claim.device_pk, member_pk) != 0 ||
	    memcmp(member_pk, s->member.pub, KEY_SIZE) != 0)
		return (0);
	return (alias_claim_check(&claim, own->alias_pk, s->info.pk,
	    member_pk) == ALIAS_BOUND);
}

int
group_disclose_alias(struct group * g, const struct ed25519_key * alias,
    struct error * err)
{
	const struct group_secrets * s = g->secrets;
	struct own_claim own = {g, alias->pub};
	struct buffer payload = {0};
	int status;

	if (s->info.type != GROUP_MULTI_MEMBER)
		return (wrong_type(err,
		    "an alias is disclosed in a multi-member group"));
	status = store_each(g->context.store, STORE_ALIAS, g->scope,
	    is_own_claim, &own);
	if (status < 0)
		return (error_from(err, ERR_ORBIT_DB_APPEND, status,
		    "the group's aliases"));
	if (status > 0)
		return (0);
	alias_claim_encode(&payload, s->device.pub, alias, s->info.pk,
	    s->member.pub);
	return (write_payload(g, EVENT_ALIAS_RESOLVER_ADDED, &payload, err));
}

/* --- finding out who is who ----------------------------------------------- */

/* A growing array of what a walk over rows gives. */
struct rows {
	uint8_t * at;
	size_t size, n, room;
};

static void *
rows_add(struct rows * r)
{
	uint8_t * more;
	size_t room;

	if (r->n == r->room) {
		room = r->room == 0 ? 16 : 2 * r->room;
		if ((more = realloc(r->at, room * r->size)) == NULL)
			return (NULL);
		r->at = more;
		r->room = room;
	}
	return (r->at + r->n++ * r->size);
}

static int
add_claim(void * user, struct slice value)
{
	struct alias_claim * claim = rows_add(user);
	struct event_place place;

	return (claim == NULL ? -ERR_INTERNAL
	                      : alias_claim_decode(claim, &place, value));
}

static int
add_key(void * user, struct slice value)
{
	struct alias_key * key = rows_add(user);

	return (key == NULL ? -ERR_INTERNAL : alias_key_decode(key, value));
}

static int
by_resolver(const void * a, const void * b)
{
	const struct alias_claim * p = a;
	const struct alias_claim * q = b;

	return (memcmp(p->resolver, q->resolver, sizeof(p->resolver)));
}

/* Of one alias key, the senders who showed that it is theirs come first. */
static int
by_alias(const void * a, const void * b)
{
	const struct alias_key * p = a;
	const struct alias_key * q = b;
	int order = memcmp(p->alias_pk, q->alias_pk, sizeof(p->alias_pk));

	return (order != 0 ? order : (int)q->bound - (int)p->bound);
}

struct alias_walk {
	struct group * g;
	struct rows claims;       /* struct alias_claim, by resolver */
	struct rows keys;         /* struct alias_key, by alias */
	int (*each)(void * user, const uint8_t member_pk[32],
	    const uint8_t contact_pk[32]);
	void * user;
};

static const struct alias_claim *
claim_at(const struct alias_walk * walk, size_t i)
{
	return ((const struct alias_claim *)(const void *)walk->claims.at + i);
}

/* The first claim with that resolver, or the end. */
static size_t
first_claim(const struct alias_walk * walk, const uint8_t resolver[32])
{
	size_t low = 0, high = walk->claims.n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (memcmp(claim_at(walk, middle)->resolver, resolver,
		    KEY_SIZE) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (low);
}

/* Who is behind an alias key: the best proof, if it names one member alone. */
struct found {
	enum alias_proof proof;
	bool several;
	uint8_t member_pk[32];
};

static void
weigh(struct found * f, enum alias_proof proof, const uint8_t member_pk[32])
{
	if (proof > f->proof) {
		f->proof = proof;
		f->several = false;
		memcpy(f->member_pk, member_pk, KEY_SIZE);
	} else if (proof == f->proof && proof != ALIAS_NOTHING &&
	    memcmp(f->member_pk, member_pk, KEY_SIZE) != 0)
		f->several = true;
}

static int
find_member(const struct alias_walk * walk, const uint8_t alias_pk[32],
    struct found * f)
{
	const struct group_info * info = &walk->g->secrets->info;
	const struct alias_claim * claim;
	uint8_t resolver[32], member_pk[32];
	size_t i;
	int status;

	alias_resolver(resolver, alias_pk, info->pk);
	for (i = first_claim(walk, resolver); i < walk->claims.n; i++) {
		claim = claim_at(walk, i);
		if (memcmp(claim->resolver, resolver, sizeof(resolver)) != 0)
			break;
		status = group_member_of(walk->g, claim->device_pk, member_pk);
		if (status == -ERR_NOT_FOUND)
			continue;
		if (status != 0)
			return (status);
		weigh(f, alias_claim_check(claim, alias_pk, info->pk,
		    member_pk), member_pk);
	}
	return (0);
}

/* Does the first of two keys stand alone for its alias? */
static bool
outranks(const struct alias_key * key, const struct alias_key * next)
{
	return (memcmp(key->alias_pk, next->alias_pk, KEY_SIZE) != 0 ||
	    (key->bound && !next->bound));
}

static int
give_aliases(const struct alias_walk * walk)
{
	const struct alias_key * keys = (const void *)walk->keys.at;
	size_t i, n = walk->keys.n;
	int status;

	for (i = 0; i < n; i++) {
		struct found f = {.proof = ALIAS_NOTHING};

		if (i > 0 && memcmp(keys[i].alias_pk, keys[i - 1].alias_pk,
		    KEY_SIZE) == 0)
			continue;
		if (i + 1 < n && !outranks(&keys[i], &keys[i + 1]))
			continue;
		status = find_member(walk, keys[i].alias_pk, &f);
		if (status == 0 && f.proof != ALIAS_NOTHING && !f.several)
			status = walk->each(walk->user, f.member_pk,
			    keys[i].account_pk);
		if (status != 0)
			return (status);
	}
	return (0);
}

int
group_each_alias(struct group * g, int (*each)(void * user,
    const uint8_t member_pk[32], const uint8_t contact_pk[32]), void * user)
{
	struct alias_walk walk = {g, {.size = sizeof(struct alias_claim)},
	    {.size = sizeof(struct alias_key)}, each, user};
	int status;

	if (g->secrets->info.type != GROUP_MULTI_MEMBER)
		return (0);
	status = store_each(g->context.store, STORE_ALIAS, g->scope, add_claim,
	    &walk.claims);
	if (status == 0 && walk.claims.n > 0)
		status = store_each(g->context.store, STORE_ALIAS, g->aliases,
		    add_key, &walk.keys);
	if (status == 0 && walk.keys.n > 0) {
		qsort(walk.claims.at, walk.claims.n, walk.claims.size,
		    by_resolver);
		qsort(walk.keys.at, walk.keys.n, walk.keys.size, by_alias);
		status = give_aliases(&walk);
	}
	free(walk.claims.at);
	free(walk.keys.at);
	return (status);
}
