/* A group is cut in two, goes on writing, and meets again. */
#include "support/fleet.h"

/* Within this time after a meeting, all is equal: virtual ms. */
enum { MEETING_MS = 120000 };

static void
write_on_both_sides(struct fleet * f, const uint8_t group_pk[32])
{
	char text[64];
	size_t i;
	unsigned round;

	for (round = 0; round < 6; round++)
		for (i = 0; i < f->n; i++) {
			(void)snprintf(text, sizeof(text), "%zu says %u", i,
			    round);
			fleet_send(f, i, group_pk, text);
			(void)snprintf(text, sizeof(text), "%zu notes %u", i,
			    round);
			fleet_send_metadata(f, i, group_pk, text);
			sim_run_for(f->sim, 300 * (i + 1));
		}
}

static void
check_all(struct fleet * f, const uint8_t group_pk[32], bool strict)
{
	size_t i;

	sim_assert(f->sim, fleet_wait_equal(f, group_pk, MEETING_MS));
	/* Equal logs, but the last entries may still be on their way to disk. */
	sim_run_for(f->sim, 1000);
	fleet_check_same_messages(f, group_pk);
	for (i = 0; i < f->n; i++)
		fleet_check_lists(f, i, group_pk, strict);
}

static void
cut_and_heal(uint64_t seed, uint64_t cut_ms)
{
	static const struct fleet_config config = {.n = 5};
	struct world * island[2];
	struct fleet f;
	uint8_t group_pk[32];

	fleet_start(&f, seed, &config);
	fleet_gather(&f, group_pk);
	island[0] = f.nodes[1].w;
	island[1] = f.nodes[4].w;
	sim_partition(f.sim, island, 2);
	write_on_both_sides(&f, group_pk);
	sim_run_for(f.sim, cut_ms);
	sim_assert(f.sim, !fleet_equal(&f, group_pk, NULL));
	sim_heal(f.sim);
	check_all(&f, group_pk, true);
	sim_assert(f.sim, fleet_count(&f, 0, group_pk) == 30);
	/* And once more, so that what was learned is still good. */
	write_on_both_sides(&f, group_pk);
	check_all(&f, group_pk, true);
	sim_assert(f.sim, fleet_count(&f, 4, group_pk) == 60);
	fleet_stop(&f);
}

static void
a_short_cut_heals(void ** state)
{
	uint64_t seed;

	(void)state;
	for (seed = 100; seed < 103; seed++)
		cut_and_heal(seed, 0);
}

static void
a_long_cut_heals(void ** state)
{
	uint64_t seed;

	(void)state;
	for (seed = 200; seed < 203; seed++)
		cut_and_heal(seed, 600000);
}

/* --- resuming a list ------------------------------------------------------- */

static struct fleet_call *
begin_list(struct fleet * f, size_t i, const uint8_t group_pk[32],
    struct slice since_id)
{
	API(GroupMessageList__Request) request =
	    API_INIT(GROUP_MESSAGE_LIST__REQUEST);

	request.group_pk = protobuf_bytes(slice_of(group_pk, 32));
	request.since_id = protobuf_bytes(since_id);
	return (fleet_begin(f, i, "GroupMessageList", &request));
}

static struct slice
id_at(const struct fleet_call * list, size_t at)
{
	const API(GroupMessageEvent) * event = list->replies[at];

	return (protobuf_slice(event->event_context->id));
}

static void
a_list_resumes_after_a_cut_and_misses_nothing(void ** state)
{
	static const struct fleet_config config = {.n = 4};
	struct fleet_call *before, *after;
	struct world * island[2];
	struct buffer last = {0};
	struct fleet f;
	uint8_t group_pk[32];

	(void)state;
	fleet_start(&f, 300, &config);
	fleet_gather(&f, group_pk);
	island[0] = f.nodes[0].w;
	island[1] = f.nodes[1].w;
	sim_partition(f.sim, island, 2);
	before = begin_list(&f, 0, group_pk, slice_text(""));
	write_on_both_sides(&f, group_pk);
	sim_run_for(f.sim, 60000);
	sim_assert(f.sim, before->n == 12);
	buffer_slice(&last, id_at(before, before->n - 1));
	fleet_end(before);
	/* While nobody reads, the other side's earlier messages come. */
	sim_heal(f.sim);
	sim_assert(f.sim, fleet_wait_count(&f, 0, group_pk, 24, MEETING_MS));
	after = begin_list(&f, 0, group_pk, buffer_all(&last));
	sim_assert(f.sim, after->n == 13);
	sim_assert(f.sim, slice_equal(id_at(after, 0), buffer_all(&last)));
	/* And it goes on live. */
	fleet_send(&f, 3, group_pk, "one more");
	sim_assert(f.sim, fleet_wait_count(&f, 0, group_pk, 25, MEETING_MS));
	sim_run_for(f.sim, 100);
	sim_assert(f.sim, after->n == 14);
	fleet_end(after);
	buffer_free(&last);
	fleet_check_lists(&f, 0, group_pk, true);
	fleet_stop(&f);
}

static void
a_slow_reader_gets_every_message(void ** state)
{
	static const struct fleet_config config = {.n = 2};
	struct fleet_call * list;
	struct fleet f;
	uint8_t group_pk[32];
	size_t n;

	(void)state;
	fleet_start(&f, 301, &config);
	fleet_gather(&f, group_pk);
	list = begin_list(&f, 1, group_pk, slice_text(""));
	list->slow = true;
	fleet_send_many(&f, 0, group_pk, "fast", 0, 40);
	sim_assert(f.sim, fleet_wait_count(&f, 1, group_pk, 40, MEETING_MS));
	sim_run_for(f.sim, 1000);
	for (n = 1; n < 40; n++) {
		sim_assert(f.sim, list->n == n);
		list->call.on_writable(&list->call);
	}
	sim_assert(f.sim, list->n == 40);
	fleet_end(list);
	fleet_stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_cut_heals),
		cmocka_unit_test(a_long_cut_heals),
		cmocka_unit_test(a_list_resumes_after_a_cut_and_misses_nothing),
		cmocka_unit_test(a_slow_reader_gets_every_message),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
