#include "share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error_public.h"
#include "codec/multiaddr.h"
#include "output.h"
#include "qr.h"

static bool
is_loopback(const char * text)
{
	return (strncmp(text, "/ip4/127.", 9) == 0 ||
	    strncmp(text, "/ip6/::1/", 9) == 0);
}

static void
add(struct share_addresses * addresses, const char * text,
    const char * peer_id)
{
	struct buffer whole = {0};
	struct buffer * out = &addresses->bytes[addresses->n];

	buffer_text(&whole, text);
	if (strstr(text, "/p2p/") == NULL && peer_id != NULL)
		buffer_printf(&whole, "/p2p/%s", peer_id);
	if (!whole.failed && multiaddr_decode(out, buffer_all(&whole)) == 0 &&
	    !out->failed)
		addresses->n++;
	else
		buffer_free(out);
	buffer_free(&whole);
}

/* How far an address reaches: 2 the world, 1 this network, 0 this machine. */
static int
reach(const char * text)
{
	struct buffer bytes = {0};
	int far = 1;

	if (is_loopback(text))
		return (0);
	if (multiaddr_decode(&bytes, slice_text(text)) == 0 &&
	    !multiaddr_is_private(buffer_all(&bytes)))
		far = 2;
	buffer_free(&bytes);
	return (far);
}

void
share_choose(struct share_addresses * addresses, const char * const * texts,
    size_t n, const char * peer_id)
{
	int far;
	size_t i;

	for (far = 2; far >= 0; far--) {
		if (far == 0 && addresses->n > 0)
			break;
		for (i = 0; i < n; i++)
			if (reach(texts[i]) == far &&
			    addresses->n < BERTY_LINK_ADDRESSES_MAX)
				add(addresses, texts[i], peer_id);
	}
}

int
share_load(struct share_addresses * addresses, struct client * c)
{
	PB(InstanceGetConfiguration__Request) ask =
	    PB_INIT(INSTANCE_GET_CONFIGURATION__REQUEST);
	PB(InstanceGetConfiguration__Reply) * self;
	void * reply;
	int rc;

	if ((rc = client_call(c, "InstanceGetConfiguration", &ask,
	    PB_TYPE(instance_get_configuration__reply), &reply)) != 0)
		return (rc);
	self = reply;
	share_choose(addresses, (const char * const *)self->listeners,
	    self->n_listeners, self->peer_id);
	protobuf_free(reply);
	return (0);
}

void
share_free(struct share_addresses * addresses)
{
	size_t i;

	for (i = 0; i < addresses->n; i++)
		buffer_free(&addresses->bytes[i]);
	addresses->n = 0;
}

void
share_put(struct berty_link * link, const struct share_addresses * addresses,
    size_t max)
{
	size_t i;

	for (i = 0; i < addresses->n && i < max; i++)
		link->addresses.at[i] = (struct berty_link_bytes){
		    addresses->bytes[i].p, addresses->bytes[i].n};
	link->addresses.n = i;
}

void
share_network(struct berty_link * link, const char * names)
{
	if (names != NULL && names[0] != '\0' && strcmp(names, "berty") != 0)
		link->network = (struct berty_link_bytes){
		    (const unsigned char *)names, strlen(names)};
}

char *
share_networks(const struct run * run, const struct berty_link * link)
{
	const char * said = flags_text(&run->flags, "network");

	if (said != NULL && said[0] != '\0')
		return (strdup(said));
	if (link->network.n == 0)
		return (NULL);
	return (strndup((const char *)link->network.p, link->network.n));
}

static int
write_link(struct run * run, const struct berty_link * link,
    enum berty_link_form form, char ** text)
{
	struct berty_error err = {0};
	int rc = berty_link_write(link, form, text, &err);

	return (rc == 0 ? 0 : error_import(&run->err, &err, rc));
}

/* One form of the link, sealed if there is a passphrase. */
static int
write_form(struct run * run, const struct berty_link * link,
    enum berty_link_form form, char ** text)
{
	const char * passphrase = flags_text(&run->flags, "passphrase");
	struct berty_link sealed = {0};
	struct berty_error err = {0};
	unsigned char nonce[16];
	int rc;

	if (passphrase == NULL || *passphrase == '\0')
		return (write_link(run, link, form, text));
	if (getrandom(nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
		return (error_set(&run->err, ERR_CRYPTO_RANDOM_GENERATION,
		    "no randomness"));
	rc = berty_link_seal(&sealed, link, passphrase, strlen(passphrase),
	    nonce, 1, &err);
	if (rc == 0)
		rc = write_link(run, &sealed, form, text);
	else
		(void)error_import(&run->err, &err, rc);
	berty_link_free(&sealed);
	return (rc);
}

int
share_print(struct run * run, struct berty_link * link,
    const struct share_addresses * addresses, bool qr)
{
	char * web = NULL;
	char * internal = NULL;
	cJSON * object;
	int rc;

	share_put(link, addresses, BERTY_LINK_ADDRESSES_MAX);
	if ((rc = write_form(run, link, BERTY_LINK_WEB, &web)) != 0)
		return (rc);
	share_put(link, addresses, SHARE_QR_ADDRESSES);
	rc = write_form(run, link, BERTY_LINK_INTERNAL, &internal);
	if (rc == 0 && run->json) {
		object = cJSON_CreateObject();
		cJSON_AddStringToObject(object, "link", web);
		cJSON_AddStringToObject(object, "internal", internal);
		output_json(object);
	} else if (rc == 0) {
		if (qr)
			qr_print(internal);
		puts(web);
	}
	free(web);
	free(internal);
	return (rc);
}

int
share_read(struct run * run, const char * text, int kind,
    struct berty_link * link)
{
	const char * passphrase = flags_text(&run->flags, "passphrase");
	struct slice p = slice_text(passphrase);
	struct berty_error err = {0};
	int rc;

	if ((rc = berty_link_read(link, text, strlen(text), p.p, p.n,
	    &err)) != 0)
		return (error_import(&run->err, &err, rc));
	if (link->kind == BERTY_LINK_ENCRYPTED) {
		rc = error_set(&run->err,
		    ERR_MESSENGER_DEEP_LINK_REQUIRES_PASSPHRASE, "this link "
		    "is under a passphrase: add -passphrase");
	} else if (link->kind != kind || berty_link_valid(link) != 0) {
		rc = error_set(&run->err, ERR_INVALID_INPUT, "this is no link "
		    "of a %s", kind == BERTY_LINK_CONTACT ? "contact"
		    : "group");
	}
	if (rc != 0)
		berty_link_free(link);
	return (rc);
}
