/* Where each contact and group is met, as the archive says (export.h). */
#include "account/restore_impl.h"
#include "base/reader.h"
#include "codec/multibase.h"

struct said {
	uint8_t pk[32];
	const struct network * network;
	bool guess, any;
};

/* Up to the byte, which is left out; all if it is not there. */
static struct slice
take_word(struct slice * rest, char end)
{
	const uint8_t * at = rest->n == 0 ? NULL : memchr(rest->p, end,
	    rest->n);
	struct slice word = *rest;

	if (at == NULL) {
		*rest = slice_of(NULL, 0);
		return (word);
	}
	word.n = (size_t)(at - rest->p);
	*rest = slice_of(at + 1, rest->n - word.n - 1);
	return (word);
}

static bool
parse_line(struct slice line, struct said * said)
{
	struct slice hex = take_word(&line, ' ');
	struct slice name = take_word(&line, ' ');
	struct network_list list;
	struct buffer pk = {0};
	bool good;

	good = hex_decode(&pk, hex) == 0 && pk.n == KEY_SIZE &&
	    network_list_parse(&list, name);
	if (good) {
		memcpy(said->pk, pk.p, KEY_SIZE);
		said->network = list.at[0];
		said->any = slice_equal(line, slice_text("any"));
		said->guess = !slice_equal(line, slice_text("known"));
	}
	buffer_free(&pk);
	return (good);
}

/* The next line that reads; false at the end. */
static bool
next_line(struct slice * rest, struct said * said)
{

	while (rest->n > 0)
		if (parse_line(take_word(rest, '\n'), said))
			return (true);
	return (false);
}

const struct network *
restore_network_said(const struct restore * r, const uint8_t pk[32])
{
	struct slice rest = buffer_all(&r->networks);
	struct said said;

	while (next_line(&rest, &said))
		if (memcmp(said.pk, pk, KEY_SIZE) == 0)
			return (said.network);
	return (NULL);
}

/* What only the entries tell: the network of each group that has some. */
static int
note_seen(struct restore * r, struct account * a)
{
	struct slice key;
	void * value;
	size_t at = 0;
	int status = 0;

	while (status == 0 && map_next(&r->groups, &at, &key, &value))
		if (memcmp(key.p, r->keys->account.pub, KEY_SIZE) != 0 &&
		    value != a->network)
			status = account_set_network(a, key.p, value, true);
	return (status);
}

int
restore_networks(struct restore * r, struct account * a)
{
	struct slice rest = buffer_all(&r->networks);
	struct said said;
	int status = 0;

	if (rest.n == 0)
		return (note_seen(r, a));
	while (status == 0 && next_line(&rest, &said)) {
		if (memcmp(said.pk, r->keys->account.pub, KEY_SIZE) == 0)
			continue;
		status = said.any ? account_any_network(a, said.pk) :
		    account_set_network(a, said.pk, said.network, said.guess);
	}
	return (status);
}
