/* storm_impl.h: what the files of the storm share. */
#ifndef BERTY_TEST_STORM_IMPL_H
#define BERTY_TEST_STORM_IMPL_H

#include "support/fleet_impl.h"
#include "support/storm.h"

/* What is known of something that calls change. */
enum sure { NO, YES, UNSURE };

/* A node in a group. */
struct seat {
	enum sure in;             /* joined, or a contact */
	enum sure resting;        /* deactivated */
	bool ever;                /* may have been in */
	unsigned busy;            /* calls under way that change this */
	uint64_t scanned;         /* own metadata log, arrivals */
	uint8_t (*keyed)[32];     /* members that our chain key was sent to */
	size_t n_keyed;
};

struct storm_group {
	uint8_t pk[32];
	bool contact;
	struct seat seats[STORM_NODES];
};

/* Something written and acknowledged. */
struct written {
	struct list place;
	struct cid cid;
	size_t group, from;
	size_t n_keyed;           /* members that could read it when it began */
	bool metadata;
	bool free;                /* written by an old copy: may be unreadable */
	char text[48];            /* how it begins */
};

enum errand {
	ERRAND_MESSAGE, ERRAND_METADATA, ERRAND_CREATE, ERRAND_JOIN,
	ERRAND_LEAVE, ERRAND_REST, ERRAND_WAKE, ERRAND_REQUEST, ERRAND_ACCEPT,
};

/* A call under way. */
struct errand_call {
	struct list place;
	struct fleet_call * call;
	enum errand what;
	size_t from, group, peer;
	struct written * written;
};

/* Both asked for, as far as a user was told. */
struct acquaintance {
	bool asked;               /* acknowledged */
	bool busy;
};

struct storm {
	struct fleet f;
	uint64_t dice;
	struct storm_report report;
	size_t n_groups;
	struct storm_group groups[STORM_GROUPS];
	struct list errands;
	struct list written;
	unsigned serial;
	uint8_t seeds[STORM_NODES][32];
	struct acquaintance asked[STORM_NODES][STORM_NODES];
	int64_t clock[STORM_NODES];       /* ms off */
	bool faulty[STORM_NODES]; /* its disk was told to fail */
	bool restored[STORM_NODES];       /* an old copy of the store */
	struct sim_snapshot * copies[STORM_NODES];
	bool old_stores;          /* this storm has such */
	bool trace;               /* BERTY_TRACE: tell all that happens */
};

/* storm.c: evenly from 0 to n - 1; true in p of 100. */
uint64_t storm_below(struct storm * s, uint64_t n);
bool storm_chance(struct storm * s, unsigned percent);

/* storm.c: forget what an old copy took from a node. */
void storm_forget(struct storm * s, size_t i);

/* With BERTY_TRACE in the environment, a line to stderr, printf style. */
void storm_say(const struct storm * s, const char * format, ...);

/* storm_errands.c: users.  Each starts something that makes sense, or not. */
void storm_errand(struct storm * s);
void storm_start_accept(struct storm * s, size_t i, size_t of);
void storm_start_send(struct storm * s, size_t i, size_t group);

/* Take what has ended, also on nodes that died. */
void storm_reap(struct storm * s);
bool storm_writable(struct storm * s, size_t i);

/* storm_weather.c: everything else that happens; and its end. */
void storm_weather(struct storm * s);
bool storm_open(struct storm * s, size_t i);
void storm_mend(struct storm * s);

/* storm_check.c */
void storm_check_seats(struct storm * s, size_t i);
void storm_check(struct storm * s);

/* A failed check, with its reason in printf style. */
#define storm_fail(s, ...) \
	do { \
		char why_[300]; \
		(void)snprintf(why_, sizeof(why_), __VA_ARGS__); \
		(void)sim_holds((s)->f.sim, false, why_); \
		fail(); \
	} while (0)

#endif /* !BERTY_TEST_STORM_IMPL_H */
