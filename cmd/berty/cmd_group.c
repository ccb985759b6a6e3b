/* cmd_group.c: `berty group …`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "book.h"
#include "payload.h"
#include "output.h"
#include "role.h"
#include "share.h"

static const struct flag create_flags[] = {
	{"name", "NAME", NULL, "a name, written into the group for its "
	    "members"},
	{"network", "NAME", NULL, "where the group is met: berty, berty-v1 or "
	    "wesh (default: the account's own)"},
	{0},
};

static const struct flag invite_flags[] = {
	{"qr", NULL, NULL, "print it as a QR code too"},
	{"name", "NAME", NULL, "the group's name in the link"},
	{"passphrase", "TEXT", NULL, "only who knows it can use the link"},
	{0},
};

static const struct flag join_flags[] = {
	{"passphrase", "TEXT", NULL, "the passphrase of the link"},
	{"network", "NAME", NULL, "where the group is met: berty, berty-v1 or "
	    "wesh (default: what the link says, else the account's own until "
	    "members are seen in another)"},
	{0},
};

static const char *
type_name(PB(GroupType) type)
{
	switch (type) {
	case BERTY__PROTOCOL__V1__GROUP_TYPE__GroupTypeAccount:
		return ("account");
	case BERTY__PROTOCOL__V1__GROUP_TYPE__GroupTypeContact:
		return ("contact");
	case BERTY__PROTOCOL__V1__GROUP_TYPE__GroupTypeMultiMember:
		return ("group");
	default:
		return ("unknown");
	}
}

/* Say which group something was done to. */
static void
print_done(const struct run * run, const char * done, struct slice pk)
{
	cJSON * object;

	if (run->json) {
		object = cJSON_CreateObject();
		output_add_bytes(object, "group_pk", pk);
		cJSON_AddStringToObject(object, "done", done);
		output_json(object);
		return;
	}
	printf("%s ", done);
	output_hex(pk);
	putchar('\n');
}

/* Connect and find the group that the first argument means. */
static int
open_for_group(struct run * run, struct client * c, struct book * book,
    uint8_t pk[BOOK_KEY])
{
	int rc;

	if ((rc = client_open(c, run)) != 0)
		return (rc);
	if ((rc = book_load_contacts(book, c)) != 0 ||
	    (rc = book_load_groups(book, c)) != 0 ||
	    (rc = book_find_group(book, run->argv[0], pk, &run->err)) != 0)
		client_close(c);
	return (rc);
}

/* --- create ------------------------------------------------------------- */

static int
write_name(struct client * c, struct slice pk, struct slice name)
{
	PB(AppMetadataSend__Request) request =
	    PB_INIT(APP_METADATA_SEND__REQUEST);
	struct buffer payload = {0};
	void * reply = NULL;
	int rc;

	/* Dated 0 as in the app: any later name is newer. */
	payload_encode_group_name(&payload, name, 0);
	request.group_pk = protobuf_bytes(pk);
	request.payload = protobuf_bytes(buffer_all(&payload));
	rc = client_call_group(c, pk, "AppMetadataSend", &request,
	    PB_TYPE(app_metadata_send__reply), &reply);
	protobuf_free(reply);
	buffer_free(&payload);
	return (rc);
}

static int
run_create(struct run * run)
{
	PB(MultiMemberGroupCreate__Request) request =
	    PB_INIT(MULTI_MEMBER_GROUP_CREATE__REQUEST);
	PB(MultiMemberGroupCreate__Reply) * group;
	struct slice name = slice_text(flags_text(&run->flags, "name"));
	char * network = share_networks(run, &(struct berty_link){0});
	struct client c;
	void * reply = NULL;
	int rc;

	if (network != NULL)
		request.network = network;
	if ((rc = client_open(&c, run)) != 0)
		goto err0;
	rc = client_call(&c, "MultiMemberGroupCreate", &request,
	    PB_TYPE(multi_member_group_create__reply), &reply);
	group = reply;
	if (rc == 0 && name.n > 0)
		rc = write_name(&c, protobuf_slice(group->group_pk), name);
	if (rc == 0)
		print_done(run, "created", protobuf_slice(group->group_pk));
	protobuf_free(reply);
	client_close(&c);
err0:
	free(network);
	return (rc);
}

/* --- invite and join ---------------------------------------------------- */

static struct berty_link_bytes
bytes_of(ProtobufCBinaryData d)
{
	return ((struct berty_link_bytes){d.len > 0 ? d.data : NULL, d.len});
}

static ProtobufCBinaryData
data_of(struct berty_link_bytes b)
{
	return (protobuf_bytes(slice_of(b.p, b.n)));
}

static void
link_of_group(struct berty_link * link, const PB(Group) * g,
    struct slice name)
{
	link->kind = BERTY_LINK_GROUP;
	link->group.present = link->group.keys.present = true;
	link->group.name = (struct berty_link_bytes){name.p, name.n};
	link->group.keys.public_key = bytes_of(g->public_key);
	link->group.keys.secret = bytes_of(g->secret);
	link->group.keys.secret_sig = bytes_of(g->secret_sig);
	link->group.keys.group_type = (int)g->group_type;
	link->group.keys.sign_pub = bytes_of(g->sign_pub);
	link->group.keys.link_key_sig = bytes_of(g->link_key_sig);
}

static int
run_invite(struct run * run)
{
	PB(MultiMemberGroupInvitationCreate__Request) request =
	    PB_INIT(MULTI_MEMBER_GROUP_INVITATION_CREATE__REQUEST);
	PB(MultiMemberGroupInvitationCreate__Reply) * invitation;
	struct berty_link link = {0};
	struct share_addresses addresses = {0};
	struct book book = {0};
	struct client c;
	uint8_t pk[BOOK_KEY];
	void * reply = NULL;
	int rc;

	if ((rc = open_for_group(run, &c, &book, pk)) != 0)
		goto err0;
	request.group_pk = protobuf_bytes(slice_of(pk, BOOK_KEY));
	if ((rc = client_call_group(&c, slice_of(pk, BOOK_KEY),
	    "MultiMemberGroupInvitationCreate", &request,
	    PB_TYPE(multi_member_group_invitation_create__reply),
	    &reply)) != 0 || (rc = share_load(&addresses, &c)) != 0)
		goto err1;
	invitation = reply;
	if (invitation->group == NULL) {
		rc = error_set(&run->err, ERR_DESERIALIZATION,
		    "the node gave no invitation");
		goto err1;
	}
	link_of_group(&link, invitation->group,
	    slice_text(flags_text(&run->flags, "name")));
	share_network(&link, invitation->network);
	rc = share_print(run, &link, &addresses, flags_on(&run->flags, "qr"));

err1:
	protobuf_free(reply);
	share_free(&addresses);
	client_close(&c);
err0:
	book_free(&book);
	return (rc);
}

static int
join_group(struct client * c, const struct berty_link * link)
{
	PB(MultiMemberGroupJoin__Request) request =
	    PB_INIT(MULTI_MEMBER_GROUP_JOIN__REQUEST);
	PB(Group) group = PB_INIT(GROUP);
	const struct berty_link_keys * keys = &link->group.keys;
	ProtobufCBinaryData addresses[BERTY_LINK_ADDRESSES_MAX];
	char * network = share_networks(c->run, link);
	size_t i;
	int rc;

	if (network != NULL)
		request.network = network;
	group.public_key = data_of(keys->public_key);
	group.secret = data_of(keys->secret);
	group.secret_sig = data_of(keys->secret_sig);
	group.group_type = (PB(GroupType))keys->group_type;
	group.sign_pub = data_of(keys->sign_pub);
	group.link_key = data_of(keys->link_key);
	group.link_key_sig = data_of(keys->link_key_sig);
	request.group = &group;
	for (i = 0; i < link->addresses.n; i++)
		addresses[i] = data_of(link->addresses.at[i]);
	request.n_addresses = i;
	request.addresses = addresses;
	rc = client_do(c, "MultiMemberGroupJoin", &request,
	    PB_TYPE(multi_member_group_join__reply));
	free(network);
	return (rc != 0 ? rc
	    : client_activate(c, protobuf_slice(group.public_key)));
}

static int
run_join(struct run * run)
{
	struct berty_link link = {0};
	struct client c;
	int rc;

	if ((rc = share_read(run, run->argv[0], BERTY_LINK_GROUP,
	    &link)) != 0)
		return (rc);
	if ((rc = client_open(&c, run)) != 0)
		goto err0;
	if ((rc = join_group(&c, &link)) == 0)
		print_done(run, "joined", slice_of(
		    link.group.keys.public_key.p,
		    link.group.keys.public_key.n));
	client_close(&c);

err0:
	berty_link_free(&link);
	return (rc);
}

/* --- leave ---------------------------------------------------------------- */

static int
run_leave(struct run * run)
{
	PB(MultiMemberGroupLeave__Request) request =
	    PB_INIT(MULTI_MEMBER_GROUP_LEAVE__REQUEST);
	struct book book = {0};
	struct client c;
	uint8_t pk[BOOK_KEY];
	int rc;

	if ((rc = open_for_group(run, &c, &book, pk)) != 0)
		goto err0;
	request.group_pk = protobuf_bytes(slice_of(pk, BOOK_KEY));
	if ((rc = client_do(&c, "MultiMemberGroupLeave", &request,
	    PB_TYPE(multi_member_group_leave__reply))) == 0)
		print_done(run, "left", slice_of(pk, BOOK_KEY));
	client_close(&c);

err0:
	book_free(&book);
	return (rc);
}

/* --- replicate ------------------------------------------------------------ */

static int
run_replicate(struct run * run)
{
	PB(ReplicationServiceRegisterGroup__Request) request =
	    PB_INIT(REPLICATION_SERVICE_REGISTER_GROUP__REQUEST);
	struct book book = {0};
	struct client c;
	uint8_t pk[BOOK_KEY];
	int rc;

	if ((rc = open_for_group(run, &c, &book, pk)) != 0)
		goto err0;
	request.group_pk = protobuf_bytes(slice_of(pk, BOOK_KEY));
	request.token_id = run->argv[1];
	if ((rc = client_activate(&c, slice_of(pk, BOOK_KEY))) == 0 &&
	    (rc = client_do(&c, "ReplicationServiceRegisterGroup", &request,
	    PB_TYPE(replication_service_register_group__reply))) == 0)
		print_done(run, "kept by a server", slice_of(pk, BOOK_KEY));
	client_close(&c);

err0:
	book_free(&book);
	return (rc);
}

/* --- list, info ----------------------------------------------------------- */

static void
print_group(const struct run * run, const struct book * book,
    const struct book_group * g)
{
	const struct book_contact * contact = book_contact(book,
	    g->contact_pk);
	bool with = g->type ==
	    BERTY__PROTOCOL__V1__GROUP_TYPE__GroupTypeContact;
	cJSON * object;

	if (!run->json) {
		output_hex(slice_of(g->pk, BOOK_KEY));
		printf("  %-8s", type_name(g->type));
		if (with && contact != NULL && contact->name.n > 0) {
			printf("  ");
			output_safe(buffer_all(&contact->name));
		} else if (with) {
			printf("  ");
			output_hex(slice_of(g->contact_pk, BOOK_KEY));
		}
		putchar('\n');
		return;
	}
	object = cJSON_CreateObject();
	output_add_bytes(object, "group_pk", slice_of(g->pk, BOOK_KEY));
	cJSON_AddStringToObject(object, "type", type_name(g->type));
	if (with)
		output_add_bytes(object, "contact_pk",
		    slice_of(g->contact_pk, BOOK_KEY));
	if (with && contact != NULL)
		output_add_text(object, "name", buffer_all(&contact->name));
	output_json(object);
}

static int
run_list(struct run * run)
{
	struct book book = {0};
	struct client c;
	size_t i;
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	if ((rc = book_load_contacts(&book, &c)) == 0 &&
	    (rc = book_load_groups(&book, &c)) == 0)
		for (i = 0; i < book.n_groups; i++)
			print_group(run, &book, &book.groups[i]);
	book_free(&book);
	client_close(&c);
	return (rc);
}

static void
print_info(const struct run * run, const struct book * book,
    const PB(GroupInfo__Reply) * info)
{
	const PB(Group) * g = info->group;
	cJSON * object;

	/* The secret is for invitations only. */
	if (run->json) {
		object = cJSON_CreateObject();
		if (g != NULL) {
			output_add_bytes(object, "group_pk",
			    protobuf_slice(g->public_key));
			cJSON_AddStringToObject(object, "type",
			    type_name(g->group_type));
		}
		cJSON_AddStringToObject(object, "network", info->network);
		output_add_bytes(object, "member_pk",
		    protobuf_slice(info->member_pk));
		output_add_bytes(object, "device_pk",
		    protobuf_slice(info->device_pk));
		role_print_members(info, book, object);
		output_json(object);
		return;
	}
	if (g != NULL) {
		printf("group   ");
		output_hex(protobuf_slice(g->public_key));
		printf("\ntype    %s\n", type_name(g->group_type));
	}
	printf("network %s\n", info->network);
	printf("member  ");
	output_hex(protobuf_slice(info->member_pk));
	printf("\ndevice  ");
	output_hex(protobuf_slice(info->device_pk));
	putchar('\n');
	role_print_members(info, book, NULL);
}

static int
run_info(struct run * run)
{
	PB(GroupInfo__Request) request = PB_INIT(GROUP_INFO__REQUEST);
	struct book book = {0};
	struct client c;
	uint8_t pk[BOOK_KEY];
	void * reply;
	int rc;

	if ((rc = open_for_group(run, &c, &book, pk)) != 0)
		goto err0;
	request.group_pk = protobuf_bytes(slice_of(pk, BOOK_KEY));
	if ((rc = client_call(&c, "GroupInfo", &request,
	    PB_TYPE(group_info__reply), &reply)) == 0) {
		print_info(run, &book, reply);
		protobuf_free(reply);
	}
	client_close(&c);

err0:
	book_free(&book);
	return (rc);
}

#define WHICH \
"GROUP is a key as `berty group list` prints it (or base64), the first\n" \
"characters of one, or the name of a contact.\n"

const struct command command_group_create = {
	.name = "group create", .arguments = "",
	.summary = "Make a group; prints its key",
	.help = "  berty group create -name Hikers\n",
	.flags = create_flags, .run = run_create,
};

const struct command command_group_invite = {
	.name = "group invite", .arguments = "GROUP",
	.summary = "Print the link by which others join a group",
	.help = WHICH
"The link is the group's secret: whoever has it can read the group's events.\n"
"\n"
"  berty group invite 3fa2 --qr\n",
	.flags = invite_flags, .least = 1, .most = 1, .run = run_invite,
};

const struct command command_group_join = {
	.name = "group join", .arguments = "LINK",
	.summary = "Join a group by an invitation",
	.help = "  berty group join 'https://berty.tech/id#group/…'\n",
	.flags = join_flags, .least = 1, .most = 1, .run = run_join,
};

const struct command command_group_leave = {
	.name = "group leave", .arguments = "GROUP",
	.summary = "Leave a group; its members are not told", .help = WHICH,
	.least = 1, .most = 1, .run = run_leave,
};

const struct command command_group_replicate = {
	.name = "group replicate", .arguments = "GROUP TOKENID",
	.summary = "Have a server keep a group for members who are away",
	.help = "  berty services list               tokens, and what they are "
	    "for\n"
	    "  berty group replicate GROUP TOKENID\n\n"
	    "The server sees that the group exists and who connects, and "
	    "nothing that\nis said.  All members are told of it.\n\n" WHICH,
	.least = 2, .most = 2, .run = run_replicate,
};

const struct command command_group_list = {
	.name = "group list", .arguments = "",
	.summary = "Print your groups: key, type, contact",
	.help = "  berty group list --json\n", .run = run_list,
};

const struct command command_group_info = {
	.name = "group info", .arguments = "GROUP",
	.summary = "Print who you are in a group, and its members",
	.help = WHICH,
	.least = 1, .most = 1, .run = run_info,
};
