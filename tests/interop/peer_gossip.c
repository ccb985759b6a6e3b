/* peer_gossip.c: topics, and what was published on them. */
#include <stdlib.h>

#include "p2p/gossipsub_private.h"
#include "peer.h"

/* One that came. */
struct message {
	struct list place;
	struct peer_id from;
	struct digest digest;
	char topic[];
};

struct messages {
	struct list list;
};

static bool
on_message(void * user, const char * topic, struct slice data,
    const struct peer_id * from, const struct peer_id * via)
{
	struct peer * p = user;
	struct message * m = calloc(1, sizeof(*m) + strlen(topic) + 1);

	(void)via;
	if (m == NULL)
		return (false);
	strcpy(m->topic, topic);
	m->from = *from;
	m->digest = peer_digest(data);
	list_append(&p->messages->list, &m->place);
	return (true);
}

int
peer_gossip_start(struct peer * p, const struct ed25519_key * key)
{
	struct gossipsub_handler handler = {.message = on_message};

	if ((p->messages = calloc(1, sizeof(*p->messages))) == NULL)
		return (-ERR_INTERNAL);
	list_init(&p->messages->list);
	p->gossip = gossipsub_new(p->host, key, &handler, p);
	return (p->gossip == NULL ? -ERR_INTERNAL : 0);
}

void
peer_gossip_stop(struct peer * p)
{
	struct list * place, * following;

	gossipsub_free(p->gossip);
	if (p->messages == NULL)
		return;
	list_each (place, following, &p->messages->list)
		free(list_entry(place, struct message, place));
	free(p->messages);
}

void
peer_subscribe(struct peer * p, const struct line * l)
{
	if (l->n < 3 || gossipsub_subscribe(p->gossip, l->word[2]) != 0)
		peer_err(l->word[0], "not subscribed");
	else
		peer_ok(l->word[0], "%s", l->word[2]);
}

void
peer_unsubscribe(struct peer * p, const struct line * l)
{
	if (l->n > 2)
		gossipsub_unsubscribe(p->gossip, l->word[2]);
	peer_ok(l->word[0], "%s", l->n > 2 ? l->word[2] : "");
}

/* TOPIC SIZE SEED: the digest of what was published. */
void
peer_publish(struct peer * p, const struct line * l)
{
	uint64_t size, seed;
	uint8_t * data;
	int rc;

	if (!peer_number(l, 3, &size) || !peer_number(l, 4, &seed))
		return;
	if (size > 1 << 20 || (data = malloc(size + 1)) == NULL) {
		peer_err(l->word[0], "too large");
		return;
	}
	peer_pattern(data, size, (uint32_t)seed);
	rc = gossipsub_publish(p->gossip, l->word[2], slice_of(data, size));
	if (rc < 0)
		peer_err(l->word[0], "%s", error_name(-rc));
	else
		peer_ok(l->word[0], "%s",
		    peer_digest(slice_of(data, size)).text);
	free(data);
}

/* TOPIC: DIGEST:FROM… */
void
peer_messages(struct peer * p, const struct line * l)
{
	struct buffer text = {0};
	struct list * place, * following;

	list_each (place, following, &p->messages->list) {
		struct message * m = list_entry(place, struct message, place);

		if (l->n > 2 && strcmp(m->topic, l->word[2]) == 0)
			buffer_printf(&text, "%s:%s ", m->digest.text,
			    peer_id_show(&m->from).text);
	}
	buffer_byte(&text, 0);
	peer_ok(l->word[0], "%s", (char *)text.p);
	buffer_free(&text);
}

static void
list_members(struct peer * p, const struct line * l, bool mesh)
{
	struct gossip_topic * t = l->n < 3 ? NULL :
	    gossipsub_topic_find(p->gossip, slice_text(l->word[2]));
	struct buffer text = {0};
	struct list * place, * following;

	if (t != NULL) {
		list_each (place, following, &t->members) {
			struct gossip_member * m =
			    list_entry(place, struct gossip_member, in_topic);

			if (m->mesh || !mesh)
				buffer_printf(&text, "%s ",
				    peer_id_show(&m->peer->id).text);
		}
	}
	buffer_byte(&text, 0);
	peer_ok(l->word[0], "%s", (char *)text.p);
	buffer_free(&text);
}

void
peer_members(struct peer * p, const struct line * l)
{
	list_members(p, l, false);
}

void
peer_mesh(struct peer * p, const struct line * l)
{
	list_members(p, l, true);
}
