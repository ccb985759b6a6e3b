/* cmd_role.c: `berty group grant`, `berty group alias`, `berty contact alias`:
 * who administrates a group, and who is whom. */
#include <stdio.h>
#include <string.h>

#include "codec/multibase.h"
#include "role.h"

/* --- members -------------------------------------------------------------- */

static void
add_member(cJSON * list, const PB(GroupInfo__Member) * m)
{
	cJSON * member = cJSON_CreateObject();
	cJSON * devices = cJSON_CreateArray();
	size_t i;

	output_add_bytes(member, "member_pk", protobuf_slice(m->member_pk));
	for (i = 0; i < m->n_device_pks; i++) {
		cJSON * device = cJSON_CreateObject();

		output_add_bytes(device, "device_pk",
		    protobuf_slice(m->device_pks[i]));
		cJSON_AddItemToArray(devices, device);
	}
	cJSON_AddItemToObject(member, "devices", devices);
	cJSON_AddBoolToObject(member, "admin", m->is_admin);
	if (m->contact_pk.len > 0)
		output_add_bytes(member, "contact_pk",
		    protobuf_slice(m->contact_pk));
	cJSON_AddItemToArray(list, member);
}

static void
print_member(const PB(GroupInfo__Member) * m, const struct book * book,
    struct slice own)
{
	const struct book_contact * contact = NULL;

	if (m->contact_pk.len == BOOK_KEY)
		contact = book_contact(book, m->contact_pk.data);
	printf("  ");
	output_hex(protobuf_slice(m->member_pk));
	printf("  %zu %s", m->n_device_pks,
	    m->n_device_pks == 1 ? "device" : "devices");
	if (m->is_admin)
		printf(", administrator");
	if (slice_equal(protobuf_slice(m->member_pk), own))
		printf(", you");
	if (contact != NULL && contact->name.n > 0) {
		printf(", ");
		output_safe(buffer_all(&contact->name));
	} else if (m->contact_pk.len > 0) {
		printf(", contact ");
		output_hex(protobuf_slice(m->contact_pk));
	}
	putchar('\n');
}

void
role_print_members(const PB(GroupInfo__Reply) * info, const struct book * book,
    cJSON * object)
{
	cJSON * list = object == NULL ? NULL : cJSON_CreateArray();
	size_t i;

	if (object == NULL && info->n_members > 0)
		printf("members\n");
	for (i = 0; i < info->n_members; i++)
		if (object != NULL)
			add_member(list, info->members[i]);
		else
			print_member(info->members[i], book,
			    protobuf_slice(info->member_pk));
	if (object != NULL)
		cJSON_AddItemToObject(object, "members", list);
}

/* Does the word mean the member: the beginning of its key, or the contact that
 * it proved to be? */
static bool
means(const PB(GroupInfo__Member) * m, const char * word,
    const uint8_t * contact_pk)
{
	struct buffer hex = {0};
	size_t n = strlen(word);
	bool same;

	if (contact_pk != NULL && slice_equal(protobuf_slice(m->contact_pk),
	    slice_of(contact_pk, BOOK_KEY)))
		return (true);
	hex_encode(&hex, protobuf_slice(m->member_pk));
	same = n >= 4 && n <= hex.n && memcmp(hex.p, word, n) == 0;
	buffer_free(&hex);
	return (same);
}

static int
find_member(struct run * run, const struct book * book,
    const PB(GroupInfo__Reply) * info, const char * word,
    uint8_t pk[BOOK_KEY])
{
	uint8_t contact[BOOK_KEY];
	bool named = book_find_contact(book, word, contact, NULL) == 0;
	size_t i, found = 0;

	for (i = 0; i < info->n_members; i++)
		if (info->members[i]->member_pk.len == BOOK_KEY &&
		    means(info->members[i], word, named ? contact : NULL)) {
			memcpy(pk, info->members[i]->member_pk.data, BOOK_KEY);
			found++;
		}
	if (found == 1 || (found == 0 && book_read_key(word, pk)))
		return (0);
	return (error_set(&run->err, ERR_NOT_FOUND, found > 1
	    ? "%s means several members; give more of the key"
	    : "no member %s; `berty group info` prints them", word));
}

/* --- commands ------------------------------------------------------------- */

static void
print_done(const struct run * run, const char * done, const char * field,
    const uint8_t pk[BOOK_KEY])
{
	cJSON * object;

	if (run->json) {
		object = cJSON_CreateObject();
		output_add_bytes(object, field, slice_of(pk, BOOK_KEY));
		cJSON_AddStringToObject(object, "done", done);
		output_json(object);
		return;
	}
	printf("%s ", done);
	output_hex(slice_of(pk, BOOK_KEY));
	putchar('\n');
}

/* Connect, and read whom words may mean; client_close after success. */
static int
begin(struct run * run, struct client * c, struct book * book)
{
	int rc;

	if ((rc = client_open(c, run)) != 0)
		return (rc);
	if ((rc = book_load_contacts(book, c)) != 0 ||
	    (rc = book_load_groups(book, c)) != 0) {
		book_free(book);
		client_close(c);
	}
	return (rc);
}

/* The members are known of an open group alone. */
static int
ask_members(struct client * c, const uint8_t group_pk[BOOK_KEY], void ** reply)
{
	PB(GroupInfo__Request) request = PB_INIT(GROUP_INFO__REQUEST);
	int rc;

	request.group_pk = protobuf_bytes(slice_of(group_pk, BOOK_KEY));
	if ((rc = client_activate(c, slice_of(group_pk, BOOK_KEY))) != 0)
		return (rc);
	return (client_call(c, "GroupInfo", &request,
	    PB_TYPE(group_info__reply), reply));
}

static int
run_grant(struct run * run)
{
	PB(MultiMemberGroupAdminRoleGrant__Request) request =
	    PB_INIT(MULTI_MEMBER_GROUP_ADMIN_ROLE_GRANT__REQUEST);
	struct book book = {0};
	struct client c;
	uint8_t group[BOOK_KEY], member[BOOK_KEY];
	void * info = NULL;
	int rc;

	if ((rc = begin(run, &c, &book)) != 0)
		return (rc);
	if ((rc = book_find_group(&book, run->argv[0], group,
	        &run->err)) != 0 ||
	    (rc = ask_members(&c, group, &info)) != 0 ||
	    (rc = find_member(run, &book, info, run->argv[1], member)) != 0)
		goto done;
	request.group_pk = protobuf_bytes(slice_of(group, BOOK_KEY));
	request.member_pk = protobuf_bytes(slice_of(member, BOOK_KEY));
	if ((rc = client_do(&c, "MultiMemberGroupAdminRoleGrant", &request,
	    PB_TYPE(multi_member_group_admin_role_grant__reply))) == 0)
		print_done(run, "granted", "member_pk", member);

done:
	protobuf_free(info);
	book_free(&book);
	client_close(&c);
	return (rc);
}

static int
run_group_alias(struct run * run)
{
	PB(MultiMemberGroupAliasResolverDisclose__Request) request =
	    PB_INIT(MULTI_MEMBER_GROUP_ALIAS_RESOLVER_DISCLOSE__REQUEST);
	struct book book = {0};
	struct client c;
	uint8_t group[BOOK_KEY];
	void * reply = NULL;
	int rc;

	if ((rc = begin(run, &c, &book)) != 0)
		return (rc);
	if ((rc = book_find_group(&book, run->argv[0], group,
	    &run->err)) != 0)
		goto done;
	request.group_pk = protobuf_bytes(slice_of(group, BOOK_KEY));
	if ((rc = client_call_group(&c, slice_of(group, BOOK_KEY),
	    "MultiMemberGroupAliasResolverDisclose", &request,
	    PB_TYPE(multi_member_group_alias_resolver_disclose__reply),
	    &reply)) == 0)
		print_done(run, "disclosed", "group_pk", group);

done:
	protobuf_free(reply);
	book_free(&book);
	client_close(&c);
	return (rc);
}

/* The group with a contact, as the node derives it. */
static int
contact_group(struct client * c, const uint8_t contact_pk[BOOK_KEY],
    uint8_t group_pk[BOOK_KEY])
{
	PB(GroupInfo__Request) request = PB_INIT(GROUP_INFO__REQUEST);
	const PB(GroupInfo__Reply) * info;
	void * reply = NULL;
	int rc;

	request.contact_pk = protobuf_bytes(slice_of(contact_pk, BOOK_KEY));
	if ((rc = client_call(c, "GroupInfo", &request,
	    PB_TYPE(group_info__reply), &reply)) != 0)
		return (rc);
	info = reply;
	if (info->group == NULL || info->group->public_key.len != BOOK_KEY)
		rc = error_set(&c->run->err, ERR_DESERIALIZATION,
		    "the node gave no group");
	else
		memcpy(group_pk, info->group->public_key.data, BOOK_KEY);
	protobuf_free(reply);
	return (rc);
}

static int
run_contact_alias(struct run * run)
{
	PB(ContactAliasKeySend__Request) request =
	    PB_INIT(CONTACT_ALIAS_KEY_SEND__REQUEST);
	struct book book = {0};
	struct client c;
	uint8_t contact[BOOK_KEY], group[BOOK_KEY];
	void * reply = NULL;
	int rc;

	if ((rc = begin(run, &c, &book)) != 0)
		return (rc);
	if ((rc = book_find_contact(&book, run->argv[0], contact,
	        &run->err)) != 0 ||
	    (rc = contact_group(&c, contact, group)) != 0)
		goto done;
	request.group_pk = protobuf_bytes(slice_of(group, BOOK_KEY));
	if ((rc = client_call_group(&c, slice_of(group, BOOK_KEY),
	    "ContactAliasKeySend", &request,
	    PB_TYPE(contact_alias_key_send__reply), &reply)) == 0)
		print_done(run, "sent", "contact_pk", contact);

done:
	protobuf_free(reply);
	book_free(&book);
	client_close(&c);
	return (rc);
}

const struct command command_group_grant = {
	.name = "group grant", .arguments = "GROUP MEMBER",
	.summary = "Make a member an administrator of a group",
	.help =
"Only administrators can, and it cannot be undone.  GROUP is as in `berty\n"
"group leave`; MEMBER is a key as `berty group info` prints it, the first\n"
"characters of one, or a contact who said which member it is.\n"
"\n"
"  berty group grant 3fa2 81cc\n",
	.least = 2, .most = 2, .run = run_grant,
};

const struct command command_group_alias = {
	.name = "group alias", .arguments = "GROUP",
	.summary = "Let your contacts know which member of a group you are",
	.help =
"Only contacts whom you sent your alias key (`berty contact alias`) can tell;\n"
"the others in the group learn nothing.  It cannot be undone.\n"
"\n"
"  berty group alias 3fa2\n",
	.least = 1, .most = 1, .run = run_group_alias,
};

const struct command command_contact_alias = {
	.name = "contact alias", .arguments = "CONTACT",
	.summary = "Send a contact the key by which it knows you in groups",
	.help =
"It tells the contact nothing but in groups where you say who you are (`berty\n"
"group alias`).\n"
"\n"
"  berty contact alias alice\n",
	.least = 1, .most = 1, .run = run_contact_alias,
};
