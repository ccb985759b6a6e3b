/* link_public.c: links for whoever links the library. */
#include "base/error_public.h"
#include "codec/multiaddr.h"
#include "contact/link_codec.h"

int
berty_link_add_address(struct berty_link * link, const char * address)
{
	struct berty_link_bytes kept;
	struct buffer bytes = {0};
	int rc = -ERR_INVALID_RANGE;

	if (link->addresses.n == BERTY_LINK_ADDRESSES_MAX)
		return (rc);
	rc = -ERR_INVALID_INPUT;
	if (multiaddr_decode(&bytes, slice_text(address)) == 0) {
		kept = link_keep(link, buffer_all(&bytes));
		rc = kept.p == NULL ? -ERR_INTERNAL : 0;
	}
	if (rc == 0)
		link->addresses.at[link->addresses.n++] = kept;
	buffer_free(&bytes);
	return (rc);
}

int
berty_link_read(struct berty_link * link, const char * text, size_t n,
    const void * passphrase, size_t passphrase_n, struct berty_error * err)
{
	struct error e = {0};
	int rc = link_read(link, text, n, passphrase, passphrase_n, &e);

	return (rc == 0 ? 0 : error_export(err, &e, rc));
}

int
berty_link_write(const struct berty_link * link, enum berty_link_form form,
    char ** text, struct berty_error * err)
{
	struct error e = {0};
	int rc = link_write(link, form, text, &e);

	return (rc == 0 ? 0 : error_export(err, &e, rc));
}

int
berty_link_seal(struct berty_link * sealed, const struct berty_link * clear,
    const void * passphrase, size_t passphrase_n,
    const unsigned char nonce[16], size_t checksum_n, struct berty_error * err)
{
	struct error e = {0};
	int rc = link_seal(sealed, clear, passphrase, passphrase_n, nonce,
	    checksum_n, &e);

	return (rc == 0 ? 0 : error_export(err, &e, rc));
}
