/* auth_answer.c: what an issuer answers to a code. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>

#include "berty/protocol/v1/protocoltypes.pb-c.h"
#include "codec/protobuf.h"
#include "services/auth_flow.h"

typedef Berty__Protocol__V1__ServiceToken Token;
typedef Berty__Protocol__V1__ServiceTokenSupportedService Service;

/* No token is said to last longer, s: a hundred years. */
#define LIFETIME_MAX 3155760000.0

/* The longest name, or place, of a service, bytes. */
#define SERVICE_TEXT_MAX 512

static const char *
text_of(const cJSON * object, const char * name)
{
	const cJSON * item = cJSON_GetObjectItemCaseSensitive(object, name);

	return (cJSON_IsString(item) ? item->valuestring : "");
}

/* A printable head of what a server says. */
static void
quote(char * to, size_t size, const char * from)
{
	size_t i;

	for (i = 0; i + 1 < size && from[i] != '\0'; i++)
		to[i] = (unsigned char)from[i] < ' ' || from[i] == 0x7f ? '?'
		    : from[i];
	to[i] = '\0';
}

static int
refused(const cJSON * json, int code, int status, struct error * err)
{
	char name[48], why[100];

	quote(name, sizeof(name), text_of(json, "error"));
	quote(why, sizeof(why), text_of(json, "error_description"));
	if (name[0] != '\0')
		return (error_set(err, code, "the server refuses: %s (%s)",
		    name, why));
	return (error_set(err, code, "the server answered with HTTP status "
	    "%d", status));
}

/* How long it lasts, if the server says it as OAuth has it. */
static int64_t
expiration(const cJSON * json, int64_t now)
{
	const cJSON * s = cJSON_GetObjectItemCaseSensitive(json, "expires_in");

	if (!cJSON_IsNumber(s) || isnan(s->valuedouble) ||
	    s->valuedouble <= 0 || s->valuedouble > LIFETIME_MAX)
		return (-1);
	return (now + (int64_t)s->valuedouble);
}

static bool
is_service(const cJSON * item)
{
	return (cJSON_IsString(item) && item->string != NULL &&
	    item->string[0] != '\0' &&
	    strlen(item->string) < AUTH_SERVICE_MAX &&
	    strlen(item->valuestring) < SERVICE_TEXT_MAX);
}

/* Encoded and read again: one piece that protobuf_free knows. */
static Token *
make_token(const cJSON * json, const cJSON * services, const char * base,
    int64_t now)
{
	Token token = BERTY__PROTOCOL__V1__SERVICE_TOKEN__INIT;
	Service list[AUTH_SERVICES_MAX];
	Service * places[AUTH_SERVICES_MAX];
	struct buffer bytes = {0};
	const cJSON * item;
	Token * whole = NULL;

	token.token = (char *)(uintptr_t)text_of(json, "access_token");
	token.authentication_url = (char *)(uintptr_t)base;
	token.expiration = expiration(json, now);
	token.supported_services = places;
	cJSON_ArrayForEach(item, services) {
		if (token.n_supported_services == AUTH_SERVICES_MAX ||
		    !is_service(item))
			continue;
		places[token.n_supported_services] =
		    &list[token.n_supported_services];
		berty__protocol__v1__service_token_supported_service__init(
		    places[token.n_supported_services]);
		places[token.n_supported_services]->service_type =
		    item->string;
		places[token.n_supported_services]->service_endpoint =
		    item->valuestring;
		token.n_supported_services++;
	}
	if (token.n_supported_services > 0)
		protobuf_encode(&bytes, &token);
	if (bytes.n > 0 && !bytes.failed)
		whole = protobuf_decode(
		    &berty__protocol__v1__service_token__descriptor,
		    buffer_all(&bytes), protobuf_cap(bytes.n));
	buffer_wipe(&bytes);
	return (whole);
}

static int
read_answer(const cJSON * json, const char * base, int64_t now,
    Token ** token, struct error * err)
{
	const cJSON * services = cJSON_GetObjectItemCaseSensitive(json,
	    "services");
	const char * access = text_of(json, "access_token");

	if (!cJSON_IsObject(json))
		return (error_set(err, ERR_DESERIALIZATION,
		    "the server did not answer with JSON"));
	if (text_of(json, "error")[0] != '\0')
		return (refused(json, ERR_SERVICES_AUTH_SERVER, 200, err));
	if (access[0] == '\0' || strlen(access) > AUTH_TOKEN_MAX)
		return (error_set(err, ERR_SERVICES_AUTH_INVALID_RESPONSE,
		    "the server gave no token"));
	if ((*token = make_token(json, services, base, now)) == NULL)
		return (error_set(err, ERR_SERVICES_AUTH_INVALID_RESPONSE,
		    "the server's token is for no service"));
	return (0);
}

int
auth_answer(struct slice bytes, int status, const char * base, int64_t now,
    struct Berty__Protocol__V1__ServiceToken ** token, struct error * err)
{
	cJSON * json = NULL;
	int rc;

	*token = NULL;
	if (bytes.n > 0 && bytes.n <= AUTH_ANSWER_MAX)
		json = cJSON_ParseWithLength((const char *)bytes.p, bytes.n);
	if (status >= 300 || status < 200)
		rc = refused(json, ERR_SERVICES_AUTH_INVALID_RESPONSE, status,
		    err);
	else
		rc = read_answer(json, base, now, token, err);
	cJSON_Delete(json);
	return (rc);
}
