/* replication_host.c: the server as a peer: who it is, where it is. */
#include "base/reader.h"
#include "services/replication_impl.h"

/* STORE_KEY, 0: the seed of the host's identity. */
static const char peer_name[] = "replication peer";

/* --- identity ------------------------------------------------------------- */

static int
make_seed(struct replication_server * s, uint8_t seed[SEED_SIZE])
{
	int rc;

	world_random(s->w, seed, SEED_SIZE);
	if ((rc = store_begin(s->store)) != 0)
		return (rc);
	rc = store_put(s->store, STORE_KEY, 0, slice_text(peer_name),
	    slice_of(seed, SEED_SIZE));
	if (rc == 0)
		return (store_commit(s->store, NULL));
	store_rollback(s->store);
	return (rc);
}

static int
load_seed(struct replication_server * s, uint8_t seed[SEED_SIZE],
    struct error * err)
{
	struct buffer kept = {0};
	int rc;

	rc = store_get(s->store, STORE_KEY, 0, slice_text(peer_name), &kept);
	if (rc == 0 && kept.n == SEED_SIZE)
		memcpy(seed, kept.p, SEED_SIZE);
	else if (rc == -ERR_NOT_FOUND)
		rc = make_seed(s, seed);
	else if (rc == 0)
		rc = -ERR_DB_READ;
	buffer_wipe(&kept);
	return (rc == 0 ? 0 : error_set(err, -rc,
	    "the server's identity could not be %s",
	    rc == -ERR_DB_READ ? "read" : "kept"));
}

/* --- addresses ------------------------------------------------------------ */

static int
decode(struct buffer * out, const char * text, struct error * err)
{
	buffer_clear(out);
	if (multiaddr_decode(out, slice_text(text)) == 0)
		return (0);
	return (error_set(err, ERR_INVALID_INPUT, "'%.100s' is no address: "
	    "write /ip4/192.0.2.1/tcp/4001, say", text));
}

static int
listen_and_keep(struct replication_server * s,
    const struct replication_server_config * config, struct error * err)
{
	struct buffer bytes = {0};
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && config->listeners != NULL &&
	     config->listeners[i] != NULL; i++)
		if ((rc = decode(&bytes, config->listeners[i], err)) == 0)
			rc = host_listen(s->host, buffer_all(&bytes), err);
	for (i = 0; rc == 0 && config->static_peers != NULL &&
	     config->static_peers[i] != NULL; i++)
		if ((rc = decode(&bytes, config->static_peers[i], err)) == 0 &&
		    host_keep(s->host, buffer_all(&bytes)) != 0)
			rc = error_set(err, ERR_INVALID_INPUT,
			    "'%.100s' is no peer to keep",
			    config->static_peers[i]);
	buffer_free(&bytes);
	return (rc);
}

/* Who announces an address means this server, named or not. */
static int
announce(struct replication_server * s, const char * text, struct error * err)
{
	struct buffer bytes = {0};
	struct multiaddr_tcp tcp;
	int rc;

	if ((rc = decode(&bytes, text, err)) == 0) {
		if (multiaddr_to_tcp(buffer_all(&bytes), &tcp) != 0)
			rc = error_set(err, ERR_INVALID_INPUT, "'%.100s' "
			    "cannot be announced: write "
			    "/ip4/192.0.2.1/tcp/4001", text);
		else {
			tcp.peer = *host_id(s->host);
			buffer_clear(&bytes);
			multiaddr_from_tcp(&bytes, &tcp);
			buffer_uvarint(&s->announce, bytes.n);
			buffer_slice(&s->announce, buffer_all(&bytes));
		}
	}
	buffer_free(&bytes);
	return (rc);
}

/* Those that others reach come first. */
static void
list_own(struct replication_server * s, struct buffer * out, bool private,
    size_t * n)
{
	struct buffer all = {0};
	struct reader r;

	host_addresses(s->host, &all, true);
	r = reader_of(buffer_all(&all));
	while (r.n > 0 && !r.failed && *n < REPLICATION_ADDRESSES_OWN) {
		struct slice one = reader_prefixed(&r, MULTIADDR_MAX);

		if (r.failed || multiaddr_is_private(one) != private)
			continue;
		buffer_uvarint(out, one.n);
		buffer_slice(out, one);
		(*n)++;
	}
	buffer_free(&all);
}

void
replication_host_tell(struct replication_server * s)
{
	size_t n = 0;

	buffer_clear(&s->addresses);
	if (s->announce.n > 0) {
		buffer_slice(&s->addresses, buffer_all(&s->announce));
		return;
	}
	list_own(s, &s->addresses, false, &n);
	list_own(s, &s->addresses, true, &n);
}

/* Append addresses, each behind its length, while there is room. */
static void
append_some(struct buffer * out, struct slice list, size_t * n)
{
	struct reader r = reader_of(list);

	while (r.n > 0 && *n < REPLICATION_ADDRESSES_MAX) {
		struct slice one = reader_prefixed(&r, MULTIADDR_MAX);

		if (r.failed || !multiaddr_valid(one))
			return;
		buffer_uvarint(out, one.n);
		buffer_slice(out, one);
		(*n)++;
	}
}

void
replication_server_addresses(struct replication_server * s,
    struct buffer * out)
{
	struct reader r = reader_of(buffer_all(&s->others));
	bool first = true;
	size_t n = 0;

	replication_host_tell(s);
	append_some(out, buffer_all(&s->addresses), &n);
	while (r.n > 0) {
		struct slice one = reader_prefixed(&r, REPLICA_ADDRESSES_MAX);

		if (r.failed)
			return;
		/* The first is this server, as it was at its last beat. */
		if (!first)
			append_some(out, one, &n);
		first = false;
	}
}

/* --- opening -------------------------------------------------------------- */

int
replication_host_open(struct replication_server * s,
    const struct replication_server_config * config, struct error * err)
{
	struct host_config host = {.agent = config->agent,
	    .security = config->security, .version = "",
	    .identify_delta = true, .limits = config->limits};
	uint8_t seed[SEED_SIZE];
	size_t i;
	int rc;

	if ((s->secrets = secret_arena_new()) == NULL ||
	    (s->key = secret_new(s->secrets, sizeof(*s->key))) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if ((rc = load_seed(s, seed, err)) != 0)
		return (rc);
	ed25519_from_seed(s->key, seed);
	crypto_wipe(seed, sizeof(seed));
	host.key = *s->key;
	host.secrets = s->secrets;
	if ((s->host = host_new(s->w, &host)) != NULL)
		s->sync = sync_new(s->w, s->store, s->host, s->key,
		    &replication_sync_handler, s);
	crypto_wipe(&host.key, sizeof(host.key));
	if (s->sync == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	if ((rc = listen_and_keep(s, config, err)) != 0)
		return (rc);
	for (i = 0; config->announce != NULL && config->announce[i] != NULL &&
	     i < REPLICATION_ADDRESSES_OWN; i++)
		if ((rc = announce(s, config->announce[i], err)) != 0)
			return (rc);
	if (config->mdns && (s->mdns = mdns_new(s->host)) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	return (0);
}
