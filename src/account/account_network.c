/* The network by which a contact or a joined group is met. */
#include "account/account_impl.h"
#include "base/reader.h"

/*
 * A row is the network's name; then, behind a 0, flags, the first network and
 * those visited.  Numbers of networks are on disk: they do not change.
 */
enum { FLAG_ANY = 1, FLAG_GUESS = 2 };

static void
name_row(struct buffer * name, const uint8_t pk[32])
{

	buffer_text(name, "network:");
	buffer_append(name, pk, KEY_SIZE);
}

static int
write_row(struct account * a, const uint8_t pk[32],
    const struct account_network * at)
{
	struct buffer name = {0}, value = {0};
	int status;

	name_row(&name, pk);
	buffer_text(&value, at->network->name);
	buffer_byte(&value, 0);
	buffer_byte(&value, (at->any ? FLAG_ANY : 0) |
	    (at->guess ? FLAG_GUESS : 0));
	buffer_byte(&value, (uint8_t)at->first->id);
	buffer_byte(&value, (uint8_t)at->visited);
	status = name.failed || value.failed ? -ERR_INTERNAL :
	    store_put(a->context.store, STORE_ACCOUNT, a->registers.scope,
	        buffer_all(&name), buffer_all(&value));
	buffer_free(&name);
	buffer_free(&value);
	return (status);
}

/* False when there is none, or one of a network that is gone. */
static bool
parse_row(struct slice value, struct account_network * at)
{
	struct network_list list;
	struct reader r;
	size_t n = 0;
	uint8_t flags, first;

	while (n < value.n && value.p[n] != 0)
		n++;
	if (!network_list_parse(&list, slice_of(value.p, n)))
		return (false);
	*at = (struct account_network){.network = list.at[0],
	    .first = list.at[0]};
	if (n == value.n)
		return (true);
	r = reader_of(slice_of(value.p + n + 1, value.n - n - 1));
	flags = reader_byte(&r);
	at->any = (flags & FLAG_ANY) != 0;
	at->guess = (flags & FLAG_GUESS) != 0;
	first = reader_byte(&r);
	at->visited = reader_byte(&r);
	if (r.failed || first >= NETWORK_COUNT)
		return (false);
	at->first = network_get((enum network_id)first);
	return (true);
}

static bool
read_row(struct account * a, const uint8_t pk[32], struct account_network * at)
{
	struct buffer name = {0}, found = {0};
	bool known;

	name_row(&name, pk);
	known = !name.failed && store_get(a->context.store, STORE_ACCOUNT,
	    a->registers.scope, buffer_all(&name), &found) == 0 &&
	    parse_row(buffer_all(&found), at);
	buffer_free(&name);
	buffer_free(&found);
	return (known);
}

void
account_network(struct account * a, const uint8_t pk[32],
    struct account_network * at)
{

	if (!read_row(a, pk, at))
		*at = (struct account_network){.network = a->network,
		    .first = a->network};
}

int
account_set_network(struct account * a, const uint8_t pk[32],
    const struct network * network, bool guess)
{
	struct account_network at = {.network = network, .first = network,
	    .guess = guess};
	struct account_network held;

	if (!read_row(a, pk, &held))
		return (write_row(a, pk, &at));
	if (!held.any && !held.guess && guess)
		return (0);
	at.first = held.first;
	at.visited = held.visited;
	if (held.network != network) {
		at.visited |= 1U << held.network->id;
		at.visited &= ~(1U << network->id);
		/* What was said before contradicts it: either may be wrong. */
		at.guess |= !held.any;
	}
	return (write_row(a, pk, &at));
}

int
account_any_network(struct account * a, const uint8_t pk[32])
{
	struct account_network at = {.network = a->network,
	    .first = a->network, .any = true, .guess = true};
	struct account_network held;

	return (read_row(a, pk, &held) ? 0 : write_row(a, pk, &at));
}

int
account_settle_network(struct account * a, const uint8_t pk[32])
{
	struct account_network at;

	if (!read_row(a, pk, &at))
		return (0);
	at.any = at.guess = false;
	at.visited = 0;
	return (write_row(a, pk, &at));
}
