/* A link that can be read and is valid can be written, and read again. */
#include <string.h>

#include "contact/link_codec.h"
#include "fuzz/fuzz.h"

static void
check_written(const struct berty_link * link, enum berty_link_form form)
{
	struct berty_link again = {0};
	char * text = NULL;

	if (berty_link_write(link, form, &text, NULL) != 0)
		return;
	FUZZ_CHECK(berty_link_read(&again, text, strlen(text), NULL, 0,
	    NULL) == 0);
	FUZZ_CHECK(again.kind == link->kind);
	berty_link_free(&again);
	free(text);
}

static void
check_text(const char * text, size_t n)
{
	struct berty_link link = {0};

	if (berty_link_read(&link, text, n, NULL, 0, NULL) != 0)
		return;
	check_written(&link, BERTY_LINK_WEB);
	check_written(&link, BERTY_LINK_INTERNAL);
	berty_link_free(&link);
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t n)
{
	struct berty_link link = {0};

	check_text((const char *)data, n);
	if (link_decode(&link, slice_of(data, n)) == 0) {
		check_written(&link, BERTY_LINK_WEB);
		check_written(&link, BERTY_LINK_INTERNAL);
	}
	berty_link_free(&link);
	return (0);
}
