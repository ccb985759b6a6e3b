/*
 * doctor.h: looks whether this machine has what a node needs: a folder to keep
 * it in, a store that opens, addresses to listen on, a clock, a local network.
 *
 * Each finding is a sentence on what is so, and one on what to do about it.
 * Nothing here needs a running node; nothing is changed but for probes that are
 * removed again (a store of an older version is brought up to date by opening,
 * as a node does).
 */
#ifndef BERTY_DAEMON_DOCTOR_H
#define BERTY_DAEMON_DOCTOR_H

#include "base/error.h"
#include "base/slice.h"

enum doctor_grade { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

/* What was found; borrowed during the call. */
struct doctor_finding {
	const char * what;        /* "store", "clock": a word, a literal */
	enum doctor_grade grade;
	const char * text;
	const char * remedy;      /* "" when there is nothing to do */
};

struct doctor {
	void (*found)(void * user, const struct doctor_finding * finding);
	void * user;
};

/* Say something; remedy is a literal or lasts, the text is printf's. */
void doctor_say(const struct doctor * d, const char * what,
    enum doctor_grade grade, const char * remedy, const char * format, ...)
    __attribute__((format(printf, 5, 6)));

/*
 * The store's folder: is it there, or can it be made; can files be written and
 * synced to disk; is there room; who may read it.  False when it is not there
 * yet, or a node could not use it.
 */
bool doctor_folder(const struct doctor * d, const char * folder);

/* Where the store's key comes from; NULL, NULL, -1: <folder>/store.key. */
struct doctor_key {
	const char * file, * variable;
	int fd;
};

/* The key, and the store opened with it; no node may hold it. */
void doctor_store(const struct doctor * d, const char * folder,
    const struct doctor_key * key);

/*
 * Does the API's socket file let others in?  Is a TCP listener local, or did it
 * take a token, over TLS?
 */
void doctor_api(const struct doctor * d, const char * address, bool token);

/* Could the API be served there?  No node may run. */
void doctor_api_free(const struct doctor * d, const char * address);

/*
 * Listen on each multiaddr (text, NULL-ended) and dial that by a handshake of
 * libp2p; or dial where a running node listens, of which each names its peer.
 */
void doctor_listen(const struct doctor * d, const char * const * listeners);
void doctor_dial(const struct doctor * d, const char * const * addresses);

/* This machine's own addresses, and whether multicast comes back from them. */
void doctor_interfaces(const struct doctor * d);
void doctor_multicast(const struct doctor * d);

/* The date, and that wall clock and monotonic clock go together. */
void doctor_clock(const struct doctor * d);

#endif /* !BERTY_DAEMON_DOCTOR_H */
