#include "group/group_impl.h"
#include "group/member_store.h"

void
group_event_free(struct group_event * e)
{
	metadata_event_free(&e->event);
	log_item_free(&e->item);
}

void
group_message_free(struct group_message * m)
{
	message_free(&m->message);
	log_item_free(&m->item);
}

/* What has an arrival number was checked when it got it. */
int
group_event_open(struct group * g, struct log_item * item,
    struct group_event * e)
{
	const struct group_info * info = &g->secrets->info;
	struct buffer envelope = {0};
	int status;

	if ((status = operation_value(&envelope, item->entry.payload)) != 0)
		goto free;
	if (item->arrival != 0)
		status = metadata_reopen(&e->event, buffer_all(&envelope),
		    info, g->network, NULL);
	else
		status = metadata_open_ours(&e->event, buffer_all(&envelope), info,
		    g->network, NULL);
	if (status == 0)
		e->item = *item;

free:
	buffer_free(&envelope);
	return (status);
}

int
group_message_open(struct group * g, struct log_item * item,
    struct group_message * m)
{
	const struct group_info * info = &g->secrets->info;
	struct buffer envelope = {0};
	int status;

	if (item->note_n != KEY_SIZE)
		return (-ERR_CRYPTO_DECRYPT);
	if ((status = operation_value(&envelope, item->entry.payload)) != 0 ||
	    (status = message_open_headers(&m->headers, buffer_all(&envelope),
	        info)) != 0)
		goto free;
	status = message_reopen(&m->message, buffer_all(&envelope),
	    &m->headers, item->note, info, g->network);
	if (status == 0)
		m->item = *item;

free:
	buffer_free(&envelope);
	return (status);
}

int
group_event_at(struct group * g, uint64_t arrival, struct group_event * e)
{
	struct log_item item;
	int status;

	if ((status = log_at_arrival(g->metadata, arrival, &item)) != 0)
		return (status);
	if ((status = group_event_open(g, &item, e)) != 0)
		log_item_free(&item);
	return (status);
}

int
group_message_at(struct group * g, uint64_t arrival, struct group_message * m)
{
	struct log_item item;
	int status;

	if ((status = log_at_arrival(g->messages, arrival, &item)) != 0)
		return (status);
	if ((status = group_message_open(g, &item, m)) != 0)
		log_item_free(&item);
	/* What it holds is the message's; its note is a key. */
	crypto_wipe(&item, sizeof(item));
	return (status);
}

/* --- devices -------------------------------------------------------------- */

struct device_walk {
	int (*each)(void * user, const uint8_t member_pk[32],
	    const uint8_t device_pk[32]);
	void * user;
};

static int
give_device(void * user, struct slice value)
{
	const struct device_walk * walk = user;
	struct member_row row;
	int status;

	if ((status = member_row_decode(&row, value)) != 0)
		return (status);
	return (walk->each(walk->user, row.member_pk, row.device_pk));
}

int
group_each_device(struct group * g, int (*each)(void * user,
    const uint8_t member_pk[32], const uint8_t device_pk[32]), void * user)
{
	struct device_walk walk = {each, user};

	return (store_each(g->context.store, STORE_MEMBER, g->scope,
	    give_device, &walk));
}

int
group_member_of(struct group * g, const uint8_t device_pk[32],
    uint8_t member_pk[32])
{
	struct member_row row;
	int status;

	status = member_store_load(g->context.store, g->scope, device_pk,
	    &row);
	if (status == 0)
		memcpy(member_pk, row.member_pk, 32);
	return (status);
}
