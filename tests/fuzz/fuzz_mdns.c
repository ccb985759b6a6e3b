/* DNS messages of the local network: read, and answered. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "p2p/mdns_service.h"

struct told {
	struct mdns_service service;
	unsigned asked, known;
	size_t n, strings;
};

static void
on_question(void * user, const struct mdns_question * q)
{
	struct told * t = user;
	struct buffer reply = {0};
	unsigned asked = mdns_service_asked(&t->service, q);
	struct mdns_header header;

	t->n++;
	t->asked |= asked;
	FUZZ_CHECK(q->name.n > 0 && q->name.bytes[q->name.n - 1] == 0);
	mdns_service_reply(&t->service, &reply, asked, 1, q);
	FUZZ_CHECK(mdns_message_check(buffer_all(&reply), &header) == 0);
	buffer_free(&reply);
}

static void
on_record(void * user, const struct mdns_record * r)
{
	struct told * t = user;
	struct slice data = r->data, string;

	t->n++;
	t->known |= mdns_service_known(&t->service, r);
	FUZZ_CHECK(r->name.n > 0 && r->name.bytes[r->name.n - 1] == 0);
	if (r->type == MDNS_TXT)
		while (mdns_text_next(&data, &string))
			t->strings += string.n;
}

int
LLVMFuzzerTestOneInput(const uint8_t * data, size_t size)
{
	struct told t = {0};
	struct mdns_reader reader = {on_question, on_record, &t};
	struct mdns_header header;
	int status;

	(void)mdns_name_of(&t.service.service, "_p2p._udp.local");
	(void)mdns_name_of(&t.service.meta, "_services._dns-sd._udp.local");
	(void)mdns_name_of(&t.service.instance, "x._p2p._udp.local");
	(void)mdns_name_of(&t.service.host, "x.local");
	buffer_append(&t.service.text, "\3a=b", 4);
	status = mdns_message_check(slice_of(data, size), &header);
	FUZZ_CHECK(mdns_message_read(slice_of(data, size), &reader) ==
	    status);
	FUZZ_CHECK(status == 0 || t.n == 0);
	mdns_service_free(&t.service);
	return (0);
}
