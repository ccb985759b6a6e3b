/*
 * replica_contract.h: what every engine of world/replica.h must do.  A test
 * program gives a way to open its database in *state of each test and lists
 * REPLICA_CONTRACT_TESTS; the tests share one database.
 */
#ifndef BERTY_TEST_REPLICA_CONTRACT_H
#define BERTY_TEST_REPLICA_CONTRACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world/os/world_os.h"
#include "world/replica.h"

struct replica_contract {
	struct world * w;         /* world_os; its loop is run by the tests */
	/* Open the database, which keeps what it had. */
	int (*open)(struct replica_contract * c, struct replica ** replica,
	    struct error * err);
	struct replica * replica; /* open between tests */
	void * user;
};

void a_group_is_registered_once_a_token(void ** state);
void a_wrong_sign_pub_does_not_shut_the_right_one_out(void ** state);
void another_link_key_is_refused(void ** state);
void a_token_has_no_more_groups_than_its_quota(void ** state);
void a_token_has_no_more_bytes_than_its_quota(void ** state);
void a_group_is_led_by_one_server(void ** state);
void a_server_whose_time_ran_out_leads_nothing(void ** state);
void a_deposed_leader_writes_nothing(void ** state);
void a_server_that_leaves_frees_its_groups_at_once(void ** state);
void a_released_group_is_free(void ** state);
void entries_are_read_in_the_order_they_came(void ** state);
void an_entry_written_twice_is_there_once(void ** state);
void counts_do_not_fall(void ** state);
void a_group_is_found_by_its_own_tokens_only(void ** state);
void what_was_answered_is_there_after_reopening(void ** state);
void requests_of_a_closing_database_are_answered(void ** state);
void who_watches_is_told_of_a_new_group(void ** state);

#define REPLICA_CONTRACT_TESTS \
	cmocka_unit_test(a_group_is_registered_once_a_token), \
	cmocka_unit_test(a_wrong_sign_pub_does_not_shut_the_right_one_out), \
	cmocka_unit_test(another_link_key_is_refused), \
	cmocka_unit_test(a_token_has_no_more_groups_than_its_quota), \
	cmocka_unit_test(a_token_has_no_more_bytes_than_its_quota), \
	cmocka_unit_test(a_group_is_led_by_one_server), \
	cmocka_unit_test(a_server_whose_time_ran_out_leads_nothing), \
	cmocka_unit_test(a_deposed_leader_writes_nothing), \
	cmocka_unit_test(a_server_that_leaves_frees_its_groups_at_once), \
	cmocka_unit_test(a_released_group_is_free), \
	cmocka_unit_test(entries_are_read_in_the_order_they_came), \
	cmocka_unit_test(an_entry_written_twice_is_there_once), \
	cmocka_unit_test(counts_do_not_fall), \
	cmocka_unit_test(a_group_is_found_by_its_own_tokens_only), \
	cmocka_unit_test(what_was_answered_is_there_after_reopening), \
	cmocka_unit_test(requests_of_a_closing_database_are_answered), \
	cmocka_unit_test(who_watches_is_told_of_a_new_group)

#endif /* !BERTY_TEST_REPLICA_CONTRACT_H */
