/* cmd_contact.c: `berty contact …`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book.h"
#include "payload.h"
#include "output.h"
#include "share.h"

#define STATE(name) BERTY__PROTOCOL__V1__CONTACT_STATE__ContactState##name

static const struct flag link_flags[] = {
	{"qr", NULL, NULL, "print it as a QR code too"},
	{"name", "NAME", NULL, "your name, for the one who gets the link"},
	{"passphrase", "TEXT", NULL, "only who knows it can use the link"},
	{"off", NULL, NULL, "hear no requests, and print no link"},
	{0},
};

static const struct flag request_flags[] = {
	{"passphrase", "TEXT", NULL, "the passphrase of the link"},
	{"name", "NAME", NULL, "your name, which the contact will see"},
	{"network", "LIST", NULL, "where the contact is: berty, berty-v1, wesh "
	    "(default: what the link says, else all that the node speaks)"},
	{0},
};

/* --- link --------------------------------------------------------------- */

static int
turn_off(struct client * c)
{
	PB(ContactRequestDisable__Request) request =
	    PB_INIT(CONTACT_REQUEST_DISABLE__REQUEST);
	void * answer = NULL;
	int rc;

	rc = client_call(c, "ContactRequestDisable", &request,
	    PB_TYPE(contact_request_disable__reply), &answer);
	protobuf_free(answer);
	return (rc);
}

static int
run_link(struct run * run)
{
	PB(ContactRequestEnable__Request) request =
	    PB_INIT(CONTACT_REQUEST_ENABLE__REQUEST);
	PB(ContactRequestEnable__Reply) * reply;
	struct berty_link link = {.kind = BERTY_LINK_CONTACT};
	struct slice name = slice_text(flags_text(&run->flags, "name"));
	struct share_addresses addresses = {0};
	struct client c;
	struct book self = {0};
	void * answer = NULL;
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	if (flags_on(&run->flags, "off")) {
		rc = turn_off(&c);
		goto err0;
	}
	if ((rc = client_call(&c, "ContactRequestEnable", &request,
	    PB_TYPE(contact_request_enable__reply), &answer)) != 0 ||
	    (rc = share_load(&addresses, &c)) != 0 ||
	    (rc = book_load_contacts(&self, &c)) != 0)
		goto err0;
	reply = answer;
	link.contact.present = true;
	link.contact.seed = (struct berty_link_bytes){
	    reply->public_rendezvous_seed.data,
	    reply->public_rendezvous_seed.len};
	link.contact.account_pk =
	    (struct berty_link_bytes){self.account_pk, BOOK_KEY};
	link.contact.name = (struct berty_link_bytes){name.p, name.n};
	share_network(&link, reply->network);
	rc = share_print(run, &link, &addresses, flags_on(&run->flags, "qr"));

err0:
	protobuf_free(answer);
	book_free(&self);
	share_free(&addresses);
	client_close(&c);
	return (rc);
}

/* --- request ------------------------------------------------------------ */

static ProtobufCBinaryData
link_data(struct berty_link_bytes b)
{
	return (protobuf_bytes(slice_of(b.p, b.n)));
}

static int
send_request(struct client * c, const struct berty_link * link)
{
	PB(ContactRequestSend__Request) request =
	    PB_INIT(CONTACT_REQUEST_SEND__REQUEST);
	PB(ShareableContact) contact = PB_INIT(SHAREABLE_CONTACT);
	ProtobufCBinaryData addresses[BERTY_LINK_ADDRESSES_MAX];
	struct buffer theirs = {0}, own = {0};
	char * networks = share_networks(c->run, link);
	size_t i;
	int rc;

	payload_contact_name_encode(&theirs, slice_of(link->contact.name.p,
	    link->contact.name.n));
	payload_contact_name_encode(&own,
	    slice_text(flags_text(&c->run->flags, "name")));
	contact.pk = link_data(link->contact.account_pk);
	contact.public_rendezvous_seed = link_data(link->contact.seed);
	contact.metadata = protobuf_bytes(buffer_all(&theirs));
	request.contact = &contact;
	request.own_metadata = protobuf_bytes(buffer_all(&own));
	for (i = 0; i < link->addresses.n; i++)
		addresses[i] = link_data(link->addresses.at[i]);
	request.n_addresses = i;
	request.addresses = addresses;
	if (networks != NULL)
		request.network = networks;
	rc = client_do(c, "ContactRequestSend", &request,
	    PB_TYPE(contact_request_send__reply));
	buffer_free(&theirs);
	buffer_free(&own);
	free(networks);
	return (rc);
}

static int
run_request(struct run * run)
{
	struct berty_link link = {0};
	struct client c;
	cJSON * object;
	int rc;

	if ((rc = share_read(run, run->argv[0], BERTY_LINK_CONTACT,
	    &link)) != 0)
		return (rc);
	if ((rc = client_open(&c, run)) != 0)
		goto err0;
	if ((rc = send_request(&c, &link)) != 0)
		goto err1;
	if (run->json) {
		object = cJSON_CreateObject();
		output_add_bytes(object, "contact_pk", slice_of(
		    link.contact.account_pk.p, link.contact.account_pk.n));
		output_json(object);
	} else {
		printf("requested ");
		output_hex(slice_of(link.contact.account_pk.p,
		    link.contact.account_pk.n));
		putchar('\n');
	}

err1:
	client_close(&c);
err0:
	berty_link_free(&link);
	return (rc);
}

/* --- list --------------------------------------------------------------- */

/* The group with a contact, or NULL when there is none yet. */
static const struct book_group *
group_with(const struct book * book, const struct book_contact * contact)
{
	size_t i;

	for (i = 0; i < book->n_groups; i++)
		if (book->groups[i].type ==
		    BERTY__PROTOCOL__V1__GROUP_TYPE__GroupTypeContact &&
		    memcmp(book->groups[i].contact_pk, contact->pk,
		        BOOK_KEY) == 0)
			return (&book->groups[i]);
	return (NULL);
}

static void
print_contact(const struct run * run, const struct book * book,
    const struct book_contact * contact)
{
	const struct book_group * group = group_with(book, contact);
	cJSON * object;

	if (!run->json) {
		output_hex(slice_of(contact->pk, BOOK_KEY));
		printf("  %-9s  ", book_state(contact->state));
		output_safe(buffer_all(&contact->name));
		putchar('\n');
		return;
	}
	object = cJSON_CreateObject();
	output_add_bytes(object, "contact_pk", slice_of(contact->pk, BOOK_KEY));
	cJSON_AddStringToObject(object, "state", book_state(contact->state));
	output_add_text(object, "name", buffer_all(&contact->name));
	if (group != NULL)
		output_add_bytes(object, "group_pk", slice_of(group->pk, BOOK_KEY));
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
		for (i = 0; i < book.n_contacts; i++)
			print_contact(run, &book, &book.contacts[i]);
	book_free(&book);
	client_close(&c);
	return (rc);
}

/* --- accept, discard, block, unblock ------------------------------------ */

/* What is done to a contact, and which ones `all` means. */
struct move {
	const char * method;
	const ProtobufCMessageDescriptor * reply;
	PB(ContactState) all;
	const char * done;
	bool opens;             /* the group with the contact is opened */
};

static int
open_group(struct client * c, const uint8_t pk[BOOK_KEY])
{
	PB(GroupInfo__Request) request = PB_INIT(GROUP_INFO__REQUEST);
	PB(GroupInfo__Reply) * info;
	void * reply;
	int rc;

	request.contact_pk = protobuf_bytes(slice_of(pk, BOOK_KEY));
	if ((rc = client_call(c, "GroupInfo", &request,
	    PB_TYPE(group_info__reply), &reply)) != 0)
		return (rc);
	info = reply;
	if (info->group != NULL)
		rc = client_activate(c,
		    protobuf_slice(info->group->public_key));
	protobuf_free(reply);
	return (rc);
}

static int
move_one(struct client * c, const struct move * move,
    const uint8_t pk[BOOK_KEY])
{
	/* The four requests are the same message: contact_pk = 1. */
	PB(ContactRequestAccept__Request) accept =
	    PB_INIT(CONTACT_REQUEST_ACCEPT__REQUEST);
	PB(ContactRequestDiscard__Request) discard =
	    PB_INIT(CONTACT_REQUEST_DISCARD__REQUEST);
	PB(ContactBlock__Request) block = PB_INIT(CONTACT_BLOCK__REQUEST);
	PB(ContactUnblock__Request) unblock =
	    PB_INIT(CONTACT_UNBLOCK__REQUEST);
	const void * request;
	cJSON * object;
	int rc;

	accept.contact_pk = discard.contact_pk = block.contact_pk =
	    unblock.contact_pk = protobuf_bytes(slice_of(pk, BOOK_KEY));
	request = move->all == STATE(Blocked) ? (void *)&unblock
	    : move->all != STATE(Received) ? (void *)&block
	    : move->opens ? (void *)&accept : (void *)&discard;
	if ((rc = client_do(c, move->method, request, move->reply)) != 0 ||
	    (move->opens && (rc = open_group(c, pk)) != 0))
		return (rc);
	if (c->run->json) {
		object = cJSON_CreateObject();
		output_add_bytes(object, "contact_pk", slice_of(pk, BOOK_KEY));
		cJSON_AddStringToObject(object, "done", move->done);
		output_json(object);
	} else {
		printf("%s ", move->done);
		output_hex(slice_of(pk, BOOK_KEY));
		putchar('\n');
	}
	return (0);
}

static int
run_move(struct run * run, const struct move * move)
{
	struct book book = {0};
	struct client c;
	uint8_t pk[BOOK_KEY];
	size_t i;
	int rc;

	if ((rc = client_open(&c, run)) != 0)
		return (rc);
	if ((rc = book_load_contacts(&book, &c)) != 0)
		goto err0;
	if (strcmp(run->argv[0], "all") != 0) {
		if ((rc = book_find_contact(&book, run->argv[0], pk,
		    &run->err)) == 0)
			rc = move_one(&c, move, pk);
		goto err0;
	}
	for (i = 0; rc == 0 && i < book.n_contacts; i++)
		if (book.contacts[i].state == move->all)
			rc = move_one(&c, move, book.contacts[i].pk);

err0:
	book_free(&book);
	client_close(&c);
	return (rc);
}

static int
run_accept(struct run * run)
{
	return (run_move(run, &(struct move){"ContactRequestAccept",
	    PB_TYPE(contact_request_accept__reply), STATE(Received),
	    "accepted", true}));
}

static int
run_discard(struct run * run)
{
	return (run_move(run, &(struct move){"ContactRequestDiscard",
	    PB_TYPE(contact_request_discard__reply), STATE(Received),
	    "discarded", false}));
}

static int
run_block(struct run * run)
{
	return (run_move(run, &(struct move){"ContactBlock",
	    PB_TYPE(contact_block__reply), STATE(Added), "blocked", false}));
}

static int
run_unblock(struct run * run)
{
	return (run_move(run, &(struct move){"ContactUnblock",
	    PB_TYPE(contact_unblock__reply), STATE(Blocked), "unblocked",
	    false}));
}

#define WHO \
"CONTACT is a key as `berty contact list` prints it (or base64), the first\n" \
"characters of one, a name, or `all`.\n"

const struct command command_contact_link = {
	.name = "contact link", .arguments = "",
	.summary = "Print the link by which others become your contacts",
	.help =
"Turns contact requests on.  Whoever has the link can ask to be a contact;\n"
"nothing happens before you accept.  The link holds your node's addresses.\n"
"\n"
"When too many strangers ask, -off hears nobody until this command is used\n"
"again, or the node starts without -node.contact-requests=false.\n"
"\n"
"  berty contact link -name Alice --qr\n"
"  berty contact link -passphrase 'only for Bob'\n"
"  berty contact link -off\n",
	.flags = link_flags, .run = run_link,
};

const struct command command_contact_request = {
	.name = "contact request", .arguments = "LINK",
	.summary = "Ask somebody to become your contact",
	.help =
"The request waits until the other node is reached.  Quote the link: it holds\n"
"a `#`.\n"
"\n"
"  berty contact request 'https://berty.tech/id#contact/…' -name Bob\n",
	.flags = request_flags, .least = 1, .most = 1, .run = run_request,
};

const struct command command_contact_list = {
	.name = "contact list", .arguments = "",
	.summary = "Print your contacts: key, state, name",
	.help =
"States: requested (not answered yet), received (`berty contact accept`),\n"
"added, discarded, blocked, removed.\n"
"\n"
"  berty contact list --json | jq -r 'select(.state==\"added\").name'\n",
	.run = run_list,
};

const struct command command_contact_accept = {
	.name = "contact accept", .arguments = "CONTACT|all",
	.summary = "Say yes to contact requests", .help = WHO
"\n"
"  berty contact accept bob\n"
"  berty contact accept all\n",
	.least = 1, .most = 1, .run = run_accept,
};

const struct command command_contact_discard = {
	.name = "contact discard", .arguments = "CONTACT|all",
	.summary = "Drop contact requests without an answer", .help = WHO
"\n"
"  berty contact discard 1f02c3\n"
"  berty contact discard all\n",
	.least = 1, .most = 1, .run = run_discard,
};

const struct command command_contact_block = {
	.name = "contact block", .arguments = "CONTACT|all",
	.summary = "Refuse an account", .help = WHO
"\n"
"  berty contact block mallory\n",
	.least = 1, .most = 1, .run = run_block,
};

const struct command command_contact_unblock = {
	.name = "contact unblock", .arguments = "CONTACT|all",
	.summary = "Undo `contact block`", .help = WHO
"\n"
"  berty contact unblock mallory\n",
	.least = 1, .most = 1, .run = run_unblock,
};
