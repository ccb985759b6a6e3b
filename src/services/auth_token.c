/* auth_token.c: a box of the issuer's in a JWS.  Source: services spec §3.4,
 * RFC 7515, RFC 8037. */
#include "services/auth_token.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/multibase.h"
#include "codec/protobuf.h"
#include "services/auth_issue.h"

#define HEADER "{\"alg\":\"EdDSA\"}"

typedef Berty__Protocol__V1__ServicesTokenCode Content;

/* --- JWS ------------------------------------------------------------------ */

/* "crit" names what a reader must know, and we know nothing of the sort. */
static bool
header_is_ours(struct slice encoded)
{
	struct buffer json = {0};
	const cJSON * alg;
	cJSON * header;
	bool ours;

	if (base64url_decode(&json, encoded) != 0) {
		buffer_free(&json);
		return (false);
	}
	header = cJSON_ParseWithLength((char *)json.p, json.n);
	alg = cJSON_GetObjectItemCaseSensitive(header, "alg");
	ours = cJSON_IsString(alg) && strcmp(alg->valuestring, "EdDSA") == 0 &&
	    cJSON_GetObjectItemCaseSensitive(header, "crit") == NULL;
	cJSON_Delete(header);
	buffer_free(&json);
	return (ours);
}

/* The part up to a dot, which is skipped. */
static struct slice
take_part(struct slice * rest)
{
	const uint8_t * dot = rest->n == 0 ? NULL
	    : memchr(rest->p, '.', rest->n);
	struct slice part = *rest;

	if (dot == NULL) {
		*rest = (struct slice){0};
		return (part);
	}
	part.n = (size_t)(dot - rest->p);
	*rest = slice_of(dot + 1, rest->n - part.n - 1);
	return (part);
}

/* Append the payload of a compact JWS that was signed with the key. */
static int
jws_open(struct buffer * payload, struct slice token,
    const uint8_t public_key[32])
{
	struct slice rest = token, header, body, sig, signed_part;
	struct buffer signature = {0};
	int rc = -ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN;

	if (token.n > AUTH_TOKEN_MAX)
		return (rc);
	header = take_part(&rest);
	body = take_part(&rest);
	sig = rest;
	if (sig.n == 0)
		return (rc);
	signed_part = slice_of(token.p, (size_t)(sig.p - token.p) - 1);
	if (base64url_decode(&signature, sig) == 0 &&
	    signature.n == SIGNATURE_SIZE &&
	    ed25519_verify(signature.p, public_key, signed_part) == 0 &&
	    header_is_ours(header) && base64url_decode(payload, body) == 0)
		rc = 0;
	buffer_free(&signature);
	return (rc);
}

static void
jws_seal(struct buffer * out, struct slice payload,
    const struct ed25519_key * key)
{
	uint8_t sig[SIGNATURE_SIZE];
	size_t at = out->n;

	base64url_encode(out, slice_text(HEADER));
	buffer_byte(out, '.');
	base64url_encode(out, payload);
	if (out->failed)
		return;
	ed25519_sign(sig, key, slice_of(out->p + at, out->n - at));
	buffer_byte(out, '.');
	base64url_encode(out, slice_of(sig, sizeof(sig)));
}

/* --- what is sealed ------------------------------------------------------- */

static bool
copy_text(char * to, size_t size, const char * from)
{
	if (from == NULL || strlen(from) >= size)
		return (false);
	(void)snprintf(to, size, "%s", from);
	return (true);
}

static bool
take_claims(struct auth_claims * claims, const Content * c)
{
	size_t i;

	if (c->n_services == 0 || c->n_services > AUTH_SERVICES_MAX ||
	    !copy_text(claims->challenge, sizeof(claims->challenge),
	        c->code_challenge) ||
	    !copy_text(claims->id, sizeof(claims->id), c->token_id) ||
	    (claims->challenge[0] == '\0') == (claims->id[0] == '\0'))
		return (false);
	for (i = 0; i < c->n_services; i++)
		if (!copy_text(claims->services[i],
		    sizeof(claims->services[i]), c->services[i]))
			return (false);
	claims->n = c->n_services;
	claims->expires = c->expires_unix_s;
	return (true);
}

int
auth_open(const struct auth_verifier * verifier, struct slice token,
    struct auth_claims * claims)
{
	struct buffer sealed = {0}, clear = {0};
	Content * content = NULL;
	int rc = -ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN;

	memset(claims, 0, sizeof(*claims));
	if (jws_open(&sealed, token, verifier->public_key) != 0 ||
	    sealed.n < NONCE_SIZE + TAG_SIZE ||
	    secretbox_open(&clear, verifier->secret, sealed.p,
	        slice_of(sealed.p + NONCE_SIZE, sealed.n - NONCE_SIZE)) != 0)
		goto out;
	content = protobuf_decode(
	    &berty__protocol__v1__services_token_code__descriptor,
	    buffer_all(&clear), protobuf_cap(clear.n));
	if (content == NULL || !take_claims(claims, content))
		goto out;
	memcpy(claims->nonce, sealed.p, NONCE_SIZE);
	rc = 0;
out:
	if (content != NULL)
		protobuf_free(content);
	buffer_wipe(&clear);
	buffer_free(&sealed);
	return (rc);
}

int
auth_issue(struct buffer * out, const struct auth_issuer * issuer,
    const struct auth_claims * claims)
{
	Content content = BERTY__PROTOCOL__V1__SERVICES_TOKEN_CODE__INIT;
	char * services[AUTH_SERVICES_MAX];
	struct buffer clear = {0}, sealed = {0};
	size_t i;

	if (claims->n == 0 || claims->n > AUTH_SERVICES_MAX ||
	    (claims->challenge[0] == '\0') == (claims->id[0] == '\0'))
		return (-ERR_INVALID_INPUT);
	for (i = 0; i < claims->n; i++)
		services[i] = (char *)(uintptr_t)claims->services[i];
	content.n_services = claims->n;
	content.services = services;
	content.code_challenge = (char *)(uintptr_t)claims->challenge;
	content.token_id = (char *)(uintptr_t)claims->id;
	content.expires_unix_s = claims->expires;
	protobuf_encode(&clear, &content);
	buffer_append(&sealed, claims->nonce, NONCE_SIZE);
	secretbox_seal(&sealed, issuer->secret, claims->nonce,
	    buffer_all(&clear));
	if (clear.failed || sealed.failed)
		out->failed = true;
	else
		jws_seal(out, buffer_all(&sealed), &issuer->key);
	buffer_wipe(&clear);
	buffer_free(&sealed);
	return (out->failed ? -ERR_INTERNAL : 0);
}

int
auth_token_verify(const struct auth_verifier * verifier,
    struct slice token, const char * service, int64_t now,
    char id[AUTH_TOKEN_ID_MAX], struct error * err)
{
	struct auth_claims claims;
	size_t i;

	if (auth_open(verifier, token, &claims) != 0 || claims.id[0] == '\0')
		return (error_set(err, ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN,
		    "this is no token of the issuer of this service"));
	if (claims.expires != 0 && now >= claims.expires)
		return (error_set(err, ERR_SERVICES_AUTH_SERVICE_INVALID_TOKEN,
		    "the token has expired"));
	for (i = 0; i < claims.n; i++)
		if (strcmp(claims.services[i], service) == 0) {
			memcpy(id, claims.id, AUTH_TOKEN_ID_MAX);
			return (0);
		}
	return (error_set(err, ERR_SERVICES_AUTH_SERVICE_NOT_SUPPORTED,
	    "the token is not for the service %.40s", service));
}

/* --- small forms ---------------------------------------------------------- */

void
auth_challenge(char challenge[AUTH_CHALLENGE_SIZE + 1], struct slice verifier)
{
	struct buffer text = {0};
	uint8_t hash[32];

	sha256(hash, &verifier, 1);
	base64url_encode(&text, slice_of(hash, sizeof(hash)));
	memset(challenge, 0, AUTH_CHALLENGE_SIZE + 1);
	if (text.n == AUTH_CHALLENGE_SIZE)
		memcpy(challenge, text.p, AUTH_CHALLENGE_SIZE);
	buffer_free(&text);
}

void
auth_uuid(char id[AUTH_UUID_SIZE + 1], const uint8_t random[16])
{
	static const char hex[] = "0123456789abcdef";
	size_t i, at = 0;

	for (i = 0; i < 16; i++) {
		uint8_t v = random[i];

		if (i == 6)
			v = (uint8_t)((v & 0x0f) | 0x40);
		if (i == 8)
			v = (uint8_t)((v & 0x3f) | 0x80);
		if (i == 4 || i == 6 || i == 8 || i == 10)
			id[at++] = '-';
		id[at++] = hex[v >> 4];
		id[at++] = hex[v & 15];
	}
	id[at] = '\0';
}
