/*
 * needles.c: a run with known keys, for a search of what it leaves behind.
 *
 *   berty-needles run FOLDER     two nodes become contacts, make a group and
 *                                write; prints "live", and when a line was
 *                                read, closes them and prints "closed"
 *   berty-needles list FOLDER    the secrets of such a node: lines of
 *                                "NAME HEX", read from its store
 */
#include "library/library_fixture.h"

#include <sys/stat.h>

#include "group/chain_store.h"
#include "node/node.h"
#include "world/os/world_os.h"

/* What is written; the searcher knows it by this. */
static const char text[] = "The needle is in the haystack, said nobody.";

/* --- run ------------------------------------------------------------------ */

static void
write_line(void * user, enum berty_log_level level, const char * module,
    const char * line)
{
	fprintf(user, "%d %s: %s\n", (int)level, module, line);
}

static void
open_in(struct party * p, struct berty * b, const char * folder,
    const struct party * peer)
{
	const char * listeners[] = {"/ip4/127.0.0.1/tcp/0", NULL};
	const char * peers[] = {peer == NULL ? NULL : peer->listener, NULL};
	struct berty_node_config config = {.size = sizeof(config),
	    .folder = folder, .listeners = listeners, .static_peers = peers};
	void * reply;
	size_t n;

	p->b = b;
	CALL_OK(berty_open(b, &config, &p->node, NULL));
	reply = must(p, "InstanceGetConfiguration", NULL, &n);
	copy_field(p->account, reply, n, 1);
	(void)snprintf(p->listener, sizeof(p->listener), "%.*s",
	    (int)berty_get(reply, n, 5).n,
	    (const char *)berty_get(reply, n, 5).p);
	berty_bytes_free(reply, n);
	reply = must(p, "ContactRequestEnable", NULL, &n);
	copy_field(p->seed, reply, n, 1);
	berty_bytes_free(reply, n);
}

static void
meet_in_group(struct party * a, struct party * b, uint8_t pk[32])
{
	uint8_t join_bytes[600];
	struct berty_writer join = {join_bytes, sizeof(join_bytes), 0};
	struct berty_field group;
	void * reply;
	size_t n;

	reply = must(a, "MultiMemberGroupCreate", NULL, &n);
	copy_field(pk, reply, n, 1);
	berty_bytes_free(reply, n);
	{
		KEY_REQUEST(ask_for, pk);

		reply = must(a, "MultiMemberGroupInvitationCreate", &ask_for,
		    &n);
		group = berty_get(reply, n, 1);
		berty_put_bytes(&join, 1, group.p, group.n);
		tell(b, "MultiMemberGroupJoin", &join);
		berty_bytes_free(reply, n);
		crypto_wipe(join_bytes, sizeof(join_bytes));
		insist(b, "ActivateGroup", &ask_for);
	}
}

/* A request that nobody answers: this is logged. */
static void
ask_nobody(struct party * p, const uint8_t pk[32])
{
	uint8_t contact_bytes[100], request_bytes[120];
	struct berty_writer contact = {contact_bytes, sizeof(contact_bytes), 0};
	struct berty_writer request = {request_bytes, sizeof(request_bytes), 0};

	berty_put_bytes(&contact, 1, pk, 32);
	berty_put_bytes(&contact, 2, p->seed, 32);
	berty_put_bytes(&request, 1, contact.p, contact.n);
	tell(p, "ContactRequestSend", &request);
}

static void
wait_for_line(const char * word)
{
	int c;

	puts(word);
	(void)fflush(stdout);
	while ((c = getchar()) != EOF && c != '\n')
		;
}

static int
run(const char * folder)
{
	char of_a[500], of_b[500], path[500];
	uint8_t contact[32], group[32];
	struct berty_config config = {.size = sizeof(config),
	    .log = {.least = BERTY_LOG_DEBUG, .write = write_line}};
	struct party a = {0}, b = {0};
	struct reading r = {0};
	struct berty * context;

	snprintf(of_a, sizeof(of_a), "%s/a", folder);
	snprintf(of_b, sizeof(of_b), "%s/b", folder);
	snprintf(path, sizeof(path), "%s/log", folder);
	if ((config.log.user = fopen(path, "w")) == NULL)
		return (1);
	CALL_OK(berty_new(&config, &context, NULL));
	open_in(&a, context, of_a, NULL);
	open_in(&b, context, of_b, &a);
	befriend(&a, &b, contact);
	meet_in_group(&a, &b, group);
	read_messages(&b, group, &r, false);
	/* Keys go round; then it is read on the other side. */
	let_pass(context, 2000);
	say(&a, contact, text);
	say(&b, contact, text);
	say(&a, group, text);
	say(&b, group, text);
	ask_nobody(&b, group);
	WAIT_FOR(context, r.n >= 2);
	let_pass(context, 500);
	wait_for_line("live");
	berty_free(context);
	(void)fclose(config.log.user);
	wait_for_line("closed");
	return (0);
}

/* --- list ----------------------------------------------------------------- */

static void
tell_key(const char * name, const uint8_t key[32])
{
	int i;

	printf("%s ", name);
	for (i = 0; i < 32; i++)
		printf("%02x", key[i]);
	putchar('\n');
}

struct listing {
	struct account * account;
	struct node * node;
	struct group * group;
};

static int
tell_chain(void * user, const uint8_t member_pk[32],
    const uint8_t device_pk[32])
{
	struct listing * l = user;
	struct chain_key chain;

	(void)member_pk;
	if (chain_store_load(node_store(l->node), group_scope(l->group),
	    device_pk, &chain) == 0)
		tell_key("chain-key", chain.key);
	return (0);
}

static void
tell_group(struct listing * l, struct group * g)
{
	const struct group_info * info = group_info_of(g);
	struct group_config config = {0};

	tell_key("group-secret", info->secret);
	if (info->has_link_key)
		tell_key("group-link-key", info->link_key);
	if (account_group_config(l->account, info->pk, &config, NULL) == 0) {
		tell_key("member-seed", config.member.seed);
		tell_key("group-device-seed", config.device.seed);
	}
	l->group = g;
	(void)group_each_device(g, tell_chain, l);
}

static int
list(const char * folder)
{
	char key_file[500], path[500];
	struct world_os_key from = {.file = key_file, .fd = -1};
	struct node_config config = {.network = network_find("berty"),
	    .auto_activate = true, .agent = "needles", .store = {.path = path}};
	const struct account_keys * keys;
	struct listing l = {0};
	struct node_group * g;
	struct error err = {0};
	struct world * w;
	uint8_t key[32];
	size_t at = 0;

	snprintf(key_file, sizeof(key_file), "%s/store.key", folder);
	snprintf(path, sizeof(path), "%s/berty.sqlite", folder);
	config.store.key = key;
	if ((w = world_os_new(NULL)) == NULL ||
	    world_os_store_key(&from, key, &err) != 0 ||
	    node_open(w, &config, &l.node, &err) != 0) {
		fprintf(stderr, "%s: %s\n", folder, err.text);
		return (1);
	}
	l.account = node_account(l.node);
	keys = account_keys(l.account);
	tell_key("store-key", key);
	tell_key("account-seed", keys->account.seed);
	tell_key("proof-seed", keys->proof.seed);
	tell_key("device-seed", keys->device.seed);
	tell_key("peer-seed", keys->peer.seed);
	/* Known groups are opened at the first turns of the loop. */
	world_os_turn(w);
	world_os_turn(w);
	while ((g = node_each_group(l.node, &at)) != NULL)
		tell_group(&l, node_group_of(g));
	node_close(l.node);
	world_os_free(w);
	return (0);
}

int
main(int argc, char ** argv)
{
	if (argc == 3 && strcmp(argv[1], "run") == 0)
		return (run(argv[2]));
	if (argc == 3 && strcmp(argv[1], "list") == 0)
		return (list(argv[2]));
	fprintf(stderr, "usage: berty-needles run|list FOLDER\n");
	return (2);
}
