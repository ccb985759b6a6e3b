/*
 * web_curl.h: requests to servers (world/web.h) with libcurl, on the loop of a
 * real machine.  curl is set up with the first request and given back when none
 * was made for a while, so that a node that asks nobody pays nothing.
 */
#ifndef BERTY_WORLD_WEB_WEB_CURL_H
#define BERTY_WORLD_WEB_WEB_CURL_H

#include "world/web.h"
#include "world/world.h"

struct web_curl_options {
	/* PEM file of the authorities that servers may be proved by; copied.
	 * NULL: those of the system. */
	const char * ca_file;
};

/*
 * A web on the loop of a world_os, or NULL without memory.  options may be
 * NULL.  The environment's proxies are used, as curl knows them.
 */
struct web * web_curl_new(struct world * world,
    const struct web_curl_options * options);

/* End it before its world; what runs is given up without a call to `done`. */
void web_curl_free(struct web * w);

#endif /* !BERTY_WORLD_WEB_WEB_CURL_H */
