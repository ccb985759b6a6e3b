/* Links through the public header alone. */
#include "berty/link.h"
#include "library/library_fixture.h"

static void
addresses_that_are_added_as_texts_come_back(void ** state)
{
	static const char address[] = "/ip4/192.0.2.1/tcp/4001/p2p/"
	    "12D3KooWEeMSRcJjUanpZcXg7Bads6ib3fHCx7biZ2Ebdro7pRB9";
	static const unsigned char key[32] = {1}, seed[32] = {2};
	struct berty_link link = {.kind = BERTY_LINK_CONTACT}, back = {0};
	struct berty_error err = {0};
	char * text;
	int i;

	(void)state;
	link.contact.present = true;
	link.contact.account_pk = (struct berty_link_bytes){key, 32};
	link.contact.seed = (struct berty_link_bytes){seed, 32};
	assert_int_equal(berty_link_add_address(&link, "nowhere"),
	    -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(link.addresses.n, 0);
	for (i = 0; i < BERTY_LINK_ADDRESSES_MAX; i++)
		CALL_OK(berty_link_add_address(&link, address));
	assert_int_equal(berty_link_add_address(&link, address),
	    -BERTY_ERR_INVALID_RANGE);
	CALL_OK(berty_link_write(&link, BERTY_LINK_WEB, &text, &err));
	CALL_OK(berty_link_read(&back, text, strlen(text), NULL, 0, &err));
	free(text);
	CALL_OK(berty_link_valid(&back));
	assert_memory_equal(back.contact.account_pk.p, key, 32);
	assert_int_equal(back.addresses.n, BERTY_LINK_ADDRESSES_MAX);
	assert_memory_equal(back.addresses.at[7].p, link.addresses.at[7].p,
	    link.addresses.at[7].n);
	berty_link_free(&link);
	berty_link_free(&back);
}

static void
what_is_no_link_is_said_in_a_chain(void ** state)
{
	struct berty_error err = {0};
	struct berty_link link = {0};
	char line[300];

	(void)state;
	assert_int_equal(berty_link_read(&link, "https://example.org", 19,
	    NULL, 0, &err), -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(err.code[0], BERTY_ERR_INVALID_INPUT);
	assert_true(berty_error_format(&err, line, sizeof(line)) > 0);
	assert_string_equal(line, "ErrInvalidInput(#100): not a link of "
	    "Berty");
	assert_string_equal(berty_error_name(-100), "ErrInvalidInput");
	assert_string_equal(berty_error_name(0), "Undefined");
	assert_string_equal(berty_error_name(12345), "UNKNOWN_ERRCODE");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_that_are_added_as_texts_come_back),
		cmocka_unit_test(what_is_no_link_is_said_in_a_chain),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
