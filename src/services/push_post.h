/*
 * push_post.h: an errand that is one HTTP request, as for most providers; what
 * their files share.
 */
#ifndef BERTY_SERVICES_PUSH_POST_H
#define BERTY_SERVICES_PUSH_POST_H

#include "services/push_provider.h"
#include "world/web.h"

#define PUSH_POST_HEADERS 6

/* It is in the provider's list while it runs. */
struct push_post {
	struct web_request request;
	void * provider;
	struct push_errand * errand;
	struct buffer url, body;
	struct buffer lines[PUSH_POST_HEADERS];
	const char * headers[PUSH_POST_HEADERS + 1];
	size_t n;
	struct list place;
};

/* A POST without address and body yet, or NULL without memory. */
struct push_post * push_post_new(void * provider, struct push_errand * e);
void push_post_free(struct push_post * p);

/* Append a header, printf style; PUSH_POST_HEADERS at most. */
void push_post_header(struct push_post * p, const char * format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Send it and put it into the list; done frees it.  After a failure it is freed
 * already, and the errand's err says why.
 */
int push_post_send(struct push_post * p, struct web * web,
    struct list * running, void (*done)(struct web_request * r, int rc));

/* Give up all of a list. */
void push_post_cancel_all(struct web * web, struct list * running);

/* End an errand, with the post freed. */
void push_post_end(struct push_post * p, int rc);

/* Append the payload as it is put into JSON. */
void push_post_payload(struct buffer * out, const struct push_errand * e);

/* Plain ASCII without spaces and control characters? */
bool push_post_is_plain(struct slice token);

#endif /* !BERTY_SERVICES_PUSH_POST_H */
