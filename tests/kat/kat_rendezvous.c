/* Rendezvous points: rendezvous.json of both dialects. */
#include "codec/multibase.h"
#include "codec/rotation.h"
#include "kat.h"

/* Rotations of the libraries when the application gives none, seconds. */
#define STATIC_WESH 9223372036U
#define STATIC_BERTY 31104000U

static void
point_of(uint8_t point[32], struct slice topic, struct slice seed,
    uint64_t unix_s, uint64_t rotation_s)
{
	rotation_point(point, topic, seed, network_period(unix_s, rotation_s));
}

static struct slice
as_base64(struct kat * k, struct slice bytes)
{
	struct buffer * text = kat_buffer(k);

	base64_encode(text, bytes);
	return (buffer_all(text));
}

static void
check_contact_wesh(struct kat * k, const struct kat_vector * v)
{
	struct slice topic = as_base64(k,
	    kat_hex(k, v->inputs, "account_public"));
	struct slice seed = kat_hex(k, v->inputs, "public_rendezvous_seed");
	uint64_t now = kat_dec(k, v->inputs, "unix_time_dec");
	uint64_t interval = kat_dec(k, v->inputs, "interval_seconds_dec");
	struct buffer * key = kat_buffer(k);
	const cJSON * out = v->outputs;
	uint8_t point[32];

	if (interval == 0)
		return;
	kat_expect(k, out, "topic_str", topic);
	buffer_slice(key, topic);
	buffer_slice(key, seed);
	kat_expect(k, out, "hmac_key", buffer_all(key));
	kat_expect_number(k, out, "period_start_dec",
	    network_period(now, interval));
	kat_expect_number(k, out, "deadline_dec",
	    network_period(now, interval) + interval);
	point_of(point, topic, seed, now, interval);
	kat_expect(k, out, "point", BYTES(point));
	kat_expect(k, out, "namespace_str", as_base64(k, BYTES(point)));
	point_of(point, topic, seed, now, STATIC_WESH);
	kat_expect(k, out, "static_point", BYTES(point));
	kat_expect(k, out, "static_namespace_str", as_base64(k, BYTES(point)));
	kat_expect_number(k, out, "static_deadline_dec",
	    network_period(now, STATIC_WESH) + STATIC_WESH);
}

static void
check_contact_berty(struct kat * k, const struct kat_vector * v)
{
	struct slice topic = kat_hex(k, v->inputs, "account_public");
	struct slice seed = kat_hex(k, v->inputs, "public_rendezvous_seed");
	uint64_t now = kat_dec(k, v->inputs, "unix_time_dec");
	uint64_t interval = kat_dec(k, v->inputs, "interval_seconds_dec");
	const cJSON * out = v->outputs;
	uint8_t point[32];

	if (interval == 0)
		return;
	kat_expect_number(k, out, "deadline_dec",
	    network_period(now, interval) + interval);
	point_of(point, topic, seed, now, interval);
	kat_expect(k, out, "point", BYTES(point));
	kat_expect(k, out, "namespace", BYTES(point));
	point_of(point, topic, seed, now, STATIC_BERTY);
	kat_expect(k, out, "static_360d_point", BYTES(point));
	kat_expect_number(k, out, "static_360d_deadline_dec",
	    network_period(now, STATIC_BERTY) + STATIC_BERTY);
}

static void
check_store(struct kat * k, const struct kat_vector * v)
{
	struct slice address = kat_str(k, v->inputs, "address_str");
	struct slice link_key = kat_hex(k, v->inputs, "link_key");
	uint64_t now = kat_dec(k, v->inputs, "unix_time_dec");
	struct buffer * topic = kat_buffer(k);
	uint8_t point[32];

	buffer_text(topic, "floodsub:");
	buffer_slice(topic, address);
	kat_expect(k, v->outputs, "gossipsub_discovery_namespace_str",
	    buffer_all(topic));
	point_of(point, address, link_key, now, 86400);
	kat_expect(k, v->outputs, "raw_rotation_24h", BYTES(point));
	point_of(point, address, link_key, now, STATIC_WESH);
	kat_expect(k, v->outputs, "raw_rotation_static", BYTES(point));
}

/*
 * Go's registered point: asked whether it has expired, it answers the
 * opposite, so that after its deadline it is handed out for ever.
 */
struct go_rotation {
	uint8_t point[32];
	uint64_t deadline;
};

static void
go_register(struct go_rotation * r, uint64_t now, uint64_t interval)
{
	point_of(r->point, slice_text("topic"), slice_text("seed"), now,
	    interval);
	r->deadline = network_period(now, interval) + interval;
}

static void
go_point_for_topic(struct go_rotation * r, uint64_t now, uint64_t interval)
{
	bool expired = (int64_t)(r->deadline - now) > 0;

	if (expired)
		go_register(r, now, interval);
}

static void
check_after_deadline(struct kat * k, const struct kat_vector * v)
{
	const uint64_t interval = 2, start = 1700000000;
	struct go_rotation r;
	uint8_t first[32], right[32];
	uint64_t now;

	go_register(&r, start, interval);
	memcpy(first, r.point, sizeof(first));
	now = start + (kat_bool(k, v->inputs, "waited_past_deadline") ? 3 : 0);
	go_point_for_topic(&r, now, interval);
	kat_true(k, "same_point_after_deadline",
	    (memcmp(first, r.point, 32) == 0) ==
	        kat_bool(k, v->outputs, "same_point_after_deadline"));
	kat_true(k, "ttl_is_negative",
	    ((int64_t)(r.deadline - now) < 0) ==
	        kat_bool(k, v->outputs, "ttl_is_negative"));
	/* Ours asks for the period of the moment instead. */
	point_of(right, slice_text("topic"), slice_text("seed"), now, interval);
	kat_true(k, "our point of the next period is another",
	    now < r.deadline || memcmp(first, right, 32) != 0);
}

/* Go looks the namespace up as it is among the registered topics. */
static const char *
go_find_topic(struct slice registered, struct slice asked)
{
	if (slice_equal(registered, asked))
		return (NULL);
	return ("unable to get rendezvous point, no matching topic registered");
}

static void
check_prefixed_topic(struct kat * k, const struct kat_vector * v)
{
	struct slice registered = kat_str(k, v->inputs, "registered_str");
	struct slice asked = kat_str(k, v->inputs, "asked_str");
	const char * error = go_find_topic(registered, asked);

	kat_true(k, "prefixed_ok",
	    (error == NULL) == kat_bool(k, v->outputs, "prefixed_ok"));
	if (kat_has(v->outputs, "prefixed_error_str"))
		kat_expect(k, v->outputs, "prefixed_error_str",
		    slice_text(error));
	kat_true(k, "unprefixed_ok",
	    (go_find_topic(registered, registered) == NULL) ==
	        kat_bool(k, v->outputs, "unprefixed_ok"));
}

const struct kat_check kat_rendezvous_checks[] = {
    {"wesh", NULL, "contact rendezvous point at *",
        check_contact_wesh},
    {"berty", NULL, "contact rendezvous point at *",
        check_contact_berty},
    {NULL, NULL, "store rotation at *", check_store},
    {NULL, NULL, "PointForTopic after the deadline*",
        check_after_deadline},
    {NULL, NULL, "rotation discovery of a gossipsub topic",
        check_prefixed_topic},
    {0},
};
