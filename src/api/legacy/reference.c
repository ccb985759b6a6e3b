/*
 * reference.c: the opaque bytes that the calls of 2019 pass from hand to hand:
 * a ShareableContact or a Group of v1, and behind it where to find who gave it.
 */
#include "api/legacy/legacy.h"
#include "base/reader.h"
#include "berty/extension/v1/reference.pb-c.h"
#include "group/wire.h"

/* Few enough for a QR code; what is read may have more. */
enum { ADDRESSES_GIVEN = 3, ADDRESSES_TAKEN = 8 };

enum { FIELD_ADDRESSES = 7000, FIELD_NETWORK = 7001 };

/* --- giving -------------------------------------------------------------- */

/* How far an address reaches: 2 the world, 1 this network, 0 this machine. */
static int
reach(struct slice address)
{
	static const uint8_t loopback_v6[16] = {[15] = 1};
	struct multiaddr_tcp tcp;

	if (!multiaddr_is_private(address))
		return (2);
	if (multiaddr_to_tcp(address, &tcp) != 0)
		return (1);
	return (tcp.v6 ? memcmp(tcp.ip, loopback_v6, 16) != 0
	               : tcp.ip[0] != 127);
}

/* Those that reach farthest; this machine only if there is nothing else. */
static void
put_addresses(struct buffer * out, struct node * n)
{
	struct buffer all = {0};
	struct reader r;
	struct slice address;
	unsigned given = 0;
	int far;

	host_addresses(node_host(n), &all, true);
	for (far = 2; far >= 0 && (far > 0 || given == 0); far--) {
		r = reader_of(buffer_all(&all));
		while (r.n > 0 && !r.failed && given < ADDRESSES_GIVEN) {
			address = reader_prefixed(&r, MULTIADDR_MAX);
			if (address.n == 0 || reach(address) != far)
				continue;
			wire_put_bytes(out, FIELD_ADDRESSES, address);
			given++;
		}
	}
	buffer_free(&all);
}

/* As in links: what names no network is of berty alone, or does not know. */
static void
put_network(struct buffer * out, const char * names)
{
	if (strcmp(names, network_get(NETWORK_BERTY)->name) != 0)
		wire_put_bytes(out, FIELD_NETWORK, slice_text(names));
}

void
legacy_contact_reference(struct buffer * out, struct node * n)
{
	V1(ShareableContact) contact = V1_INIT(SHAREABLE_CONTACT);
	struct account * a = node_account(n);
	char names[V1_NETWORKS];
	uint8_t seed[SEED_SIZE];

	contact.pk = protobuf_bytes(slice_of(account_keys(a)->account.pub,
	    KEY_SIZE));
	contact.public_rendezvous_seed = protobuf_bytes(slice_of(seed,
	    account_seed(a, seed) ? SEED_SIZE : 0));
	protobuf_encode(out, &contact);
	put_addresses(out, n);
	put_network(out, v1_networks(n, names));
}

void
legacy_group_reference(struct buffer * out, struct node_group * g,
    struct node * n)
{
	struct group * group = node_group_of(g);

	group_info_encode(out, group_info_of(group));
	put_addresses(out, n);
	put_network(out, group_network(group)->name);
}

/* --- taking -------------------------------------------------------------- */

static int
refuse(struct change * c, const char * what)
{
	(void)error_set(&c->err, ERR_DESERIALIZATION, "%s", what);
	return (error_wrap(&c->err, ERR_ORBIT_DB_APPEND));
}

static void *
decode(const ProtobufCMessageDescriptor * type, struct slice reference)
{
	if (reference.n > LEGACY_REFERENCE_MAX)
		return (NULL);
	return (protobuf_decode(type, reference, protobuf_cap(reference.n)));
}

static size_t
addresses_taken(size_t n)
{
	return (n > ADDRESSES_TAKEN ? ADDRESSES_TAKEN : n);
}

int
legacy_use_contact(struct change * c, struct slice reference,
    struct slice meta)
{
	V1(ContactRequestSend__Request) request =
	    V1_INIT(CONTACT_REQUEST_SEND__REQUEST);
	V1(ShareableContact) contact = V1_INIT(SHAREABLE_CONTACT);
	Berty__Extension__V1__ContactReference * read;
	int rc;

	read = decode(&berty__extension__v1__contact_reference__descriptor,
	    reference);
	if (read == NULL)
		return (refuse(c, "that is no reference of a contact"));
	contact.pk = read->pk;
	contact.public_rendezvous_seed = read->public_rendezvous_seed;
	contact.metadata = read->metadata;
	request.contact = &contact;
	request.own_metadata = protobuf_bytes(meta);
	request.addresses = read->addresses;
	request.n_addresses = addresses_taken(read->n_addresses);
	request.network = read->network;
	rc = v1_request_contact(c, &request);
	protobuf_free(read);
	return (rc);
}

int
legacy_use_group(struct change * c, struct slice reference)
{
	V1(MultiMemberGroupJoin__Request) request =
	    V1_INIT(MULTI_MEMBER_GROUP_JOIN__REQUEST);
	V1(Group) group = V1_INIT(GROUP);
	Berty__Extension__V1__GroupReference * read;
	int rc;

	read = decode(&berty__extension__v1__group_reference__descriptor,
	    reference);
	if (read == NULL)
		return (refuse(c, "that is no reference of a group"));
	group.public_key = read->public_key;
	group.secret = read->secret;
	group.secret_sig = read->secret_sig;
	group.group_type = read->group_type;
	group.sign_pub = read->sign_pub;
	group.link_key = read->link_key;
	group.link_key_sig = read->link_key_sig;
	request.group = &group;
	request.addresses = read->addresses;
	request.n_addresses = addresses_taken(read->n_addresses);
	request.network = read->network;
	/* What joins has a key of 32 bytes. */
	if ((rc = v1_join_group(c, &request)) == 0)
		memcpy(c->key, read->public_key.data, KEY_SIZE);
	protobuf_free(read);
	return (rc);
}
