/*
 * The table of networks, a test for each row of the dialect table of the
 * network spec (§8).  What a peer could not notice, or need not, is said where
 * it is left out:
 *
 *   direct channel 1.1.0  of releases before 2022: not spoken by either
 *   heads on peer join    all heads are told on every network: a superset, and
 *                         what nobody wrote is nobody's (sync/test_sync.c)
 *   listeners, muxers     TCP and yamux alone: `na` to mplex
 *   early muxers          offered always; a peer without them reads past it
 *   peer id               stable on every network: whoever learnt it finds us
 *   agent                 ours, on every network
 *   DHT, rendezvous       none yet
 *   relay v1, hole punch  none: what is not listed by identify is not asked for
 *   PRUNE                 by topic (p2p/test_gossipsub.c)
 *   heads box             by log (sync/test_sync_dialect.c)
 *   peer status           the device's name in heads is what it rests on
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/network.h"

static const struct network *
v1(void)
{
	return (network_get(NETWORK_BERTY_V1));
}

static const struct network *
app(void)
{
	return (network_get(NETWORK_BERTY));
}

static const struct network *
wesh(void)
{
	return (network_get(NETWORK_WESH));
}

static void
store_types_are_the_apps_or_the_toolkits(void ** state)
{
	(void)state;
	assert_string_equal(v1()->metadata_store, "berty_group_metadata");
	assert_string_equal(v1()->message_store, "berty_group_messages");
	assert_string_equal(app()->metadata_store, "berty_group_metadata");
	assert_string_equal(app()->message_store, "berty_group_messages");
	assert_string_equal(wesh()->metadata_store, "wesh_group_metadata");
	assert_string_equal(wesh()->message_store, "wesh_group_messages");
}

static void
contact_requests_of_2022_have_their_own_protocol(void ** state)
{
	(void)state;
	assert_string_equal(v1()->contact_protocol,
	    "/berty/contact_req/1.0.0");
	assert_string_equal(app()->contact_protocol,
	    "/wesh/contact_req/1.0.0");
	assert_string_equal(wesh()->contact_protocol,
	    "/wesh/contact_req/1.0.0");
	assert_false(network_is_ambiguous(v1()));
	assert_true(network_is_ambiguous(app()));
	assert_true(network_is_ambiguous(wesh()));
}

static void
local_records_have_no_leading_slash_and_a_limit(void ** state)
{
	(void)state;
	assert_string_equal(v1()->localrecord_protocol,
	    "berty/p2p/localrecord");
	assert_string_equal(app()->localrecord_protocol,
	    "wesh/p2p/localrecord");
	assert_string_equal(wesh()->localrecord_protocol,
	    "wesh/p2p/localrecord");
	assert_int_equal(v1()->localrecord_max, 4 << 20);
	assert_int_equal(app()->localrecord_max, 2048);
	assert_int_equal(wesh()->localrecord_max, 2048);
}

static void
heads_name_their_sender_but_in_2022(void ** state)
{
	(void)state;
	assert_false(v1()->heads_name_sender);
	assert_true(app()->heads_name_sender);
	assert_true(wesh()->heads_name_sender);
}

static void
the_direct_channel_of_2022_reads_2048_bytes(void ** state)
{
	(void)state;
	assert_int_equal(v1()->direct_channel_max, 2048);
	assert_int_equal(app()->direct_channel_max, 4 << 20);
	assert_int_equal(wesh()->direct_channel_max, 4 << 20);
}

/* The toolkit's one period ends in 2262. */
static void
the_app_rotates_each_day_and_the_toolkit_never(void ** state)
{
	(void)state;
	assert_int_equal(v1()->rotation_s, 86400);
	assert_int_equal(app()->rotation_s, 86400);
	assert_int_equal(network_period(1700000000, app()->rotation_s),
	    1699920000);
	assert_int_equal(network_period(9223372035, wesh()->rotation_s), 0);
	assert_int_equal(network_period(9223372036, wesh()->rotation_s),
	    9223372036);
}

static void
contact_points_rotate_as_heads_do(void ** state)
{
	(void)state;
	assert_int_equal(v1()->contact_rotation_s, v1()->rotation_s);
	assert_int_equal(app()->contact_rotation_s, app()->rotation_s);
	assert_int_equal(wesh()->contact_rotation_s, wesh()->rotation_s);
}

static void
contact_points_are_text_but_in_2022(void ** state)
{
	(void)state;
	assert_false(v1()->rotation_text);
	assert_true(app()->rotation_text);
	assert_true(wesh()->rotation_text);
}

/* The toolkit takes the device's key for the member's. */
static void
who_made_a_group_may_be_named_by_device_but_in_2022(void ** state)
{
	(void)state;
	assert_false(v1()->creator_by_device);
	assert_true(app()->creator_by_device);
	assert_true(wesh()->creator_by_device);
}

/* It looks for points that are never announced. */
static void
groups_are_not_announced_in_2022(void ** state)
{
	(void)state;
	assert_false(v1()->group_discovery);
	assert_true(app()->group_discovery);
	assert_true(wesh()->group_discovery);
}

static void
identify_says_the_protocol_version_in_2022(void ** state)
{
	(void)state;
	assert_string_equal(v1()->protocol_version, "ipfs/0.1.0");
	assert_string_equal(app()->protocol_version, "");
	assert_string_equal(wesh()->protocol_version, "");
}

static void
identify_has_deltas_in_2022(void ** state)
{
	(void)state;
	assert_true(v1()->identify_delta);
	assert_false(app()->identify_delta);
	assert_false(wesh()->identify_delta);
}

static void
leaving_a_topic_asks_for_60_s_in_2022_and_10_since(void ** state)
{
	(void)state;
	assert_int_equal(v1()->unsubscribe_backoff_s, 60);
	assert_int_equal(app()->unsubscribe_backoff_s, 10);
	assert_int_equal(wesh()->unsubscribe_backoff_s, 10);
}

/* --- lists ---------------------------------------------------------------- */

static bool
reads(const char * text, struct network_list * list)
{
	return (network_list_parse(list, slice_text(text)));
}

static void
a_list_keeps_its_order(void ** state)
{
	struct network_list list;

	(void)state;
	assert_true(reads("wesh,berty-v1", &list));
	assert_int_equal(list.n, 2);
	assert_ptr_equal(list.at[0], wesh());
	assert_ptr_equal(list.at[1], v1());
	assert_true(network_list_has(&list, v1()));
	assert_false(network_list_has(&list, app()));
	network_list_prefer(&list, v1());
	assert_ptr_equal(list.at[0], v1());
	assert_int_equal(list.n, 2);
	network_list_add(&list, app());
	network_list_add(&list, app());
	assert_int_equal(list.n, 3);
	assert_ptr_equal(list.at[2], app());
}

static void
what_is_no_list_changes_nothing(void ** state)
{
	static const char * const bad[] = {"", ",", "berty,", ",berty",
	    "berty,,wesh", "berty,berty", "Berty", "berty wesh", "berty-v",
	    "berty-v12"};
	struct network_list list = {1, {wesh()}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(reads(bad[i], &list));
	assert_int_equal(list.n, 1);
	assert_ptr_equal(list.at[0], wesh());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(store_types_are_the_apps_or_the_toolkits),
	    cmocka_unit_test(
	        contact_requests_of_2022_have_their_own_protocol),
	    cmocka_unit_test(local_records_have_no_leading_slash_and_a_limit),
	    cmocka_unit_test(heads_name_their_sender_but_in_2022),
	    cmocka_unit_test(the_direct_channel_of_2022_reads_2048_bytes),
	    cmocka_unit_test(the_app_rotates_each_day_and_the_toolkit_never),
	    cmocka_unit_test(contact_points_rotate_as_heads_do),
	    cmocka_unit_test(contact_points_are_text_but_in_2022),
	    cmocka_unit_test(
	        who_made_a_group_may_be_named_by_device_but_in_2022),
	    cmocka_unit_test(groups_are_not_announced_in_2022),
	    cmocka_unit_test(identify_says_the_protocol_version_in_2022),
	    cmocka_unit_test(identify_has_deltas_in_2022),
	    cmocka_unit_test(
	        leaving_a_topic_asks_for_60_s_in_2022_and_10_since),
	    cmocka_unit_test(a_list_keeps_its_order),
	    cmocka_unit_test(what_is_no_list_changes_nothing),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
