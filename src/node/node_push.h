/*
 * node_push.h: pushes: asking relays to wake devices, and opening what they
 * brought.  How a phone's extension opens it: push_file.h.
 */
#ifndef BERTY_NODE_NODE_PUSH_H
#define BERTY_NODE_NODE_PUSH_H

#include "account/account_push.h"
#include "group/group_push.h"
#include "group/push_store.h"
#include "node/node.h"

/* --- receiving ------------------------------------------------------------ */

struct node_push_receive;

/*
 * Open a PushExposedData: found among all known groups, open or not, a few
 * milliseconds at a time.  done is called from the loop, or by node_close:
 * m NULL and the error (6002 over 888: no relay knows this device, 6002 over
 * 6002 or 6003; 104; 404; 205 …), or the message, borrowed, and its group.
 */
int node_push_receive(struct node * n, struct slice payload,
    void (*done)(void * user, const struct push_message * m,
        const uint8_t group_pk[32], const struct error * err),
    void * user, struct node_push_receive ** receive, struct error * err);

/* Give up: done is not called.  Not after done. */
void node_push_receive_cancel(struct node_push_receive * r);

/* --- sending -------------------------------------------------------------- */

/*
 * More relays are not asked for one message, no more that one member names, and
 * not for more devices: who is one too many is left out.
 */
#define PUSH_RELAYS_MAX 64
#define PUSH_MEMBER_MAX 8
#define PUSH_DEVICES_MAX 4096

/* A device that is pushed to, and by which relay. */
struct push_addressee {
	uint8_t member_pk[32];
	uint8_t device_pk[32];
	size_t relay;
};

/* A relay, and what it said. */
struct push_relay {
	uint8_t named_by[32];     /* the first member */
	struct buffer service_addr; /* ends with NUL */
	struct buffer body;       /* PushServiceSend.Request */
	struct web_request request;
	bool over;
	struct error err;         /* n 0: it took all */
	struct node_push_send * send;
};

struct node_push_send {
	struct node * node;
	struct node_watcher watcher;
	struct push_addressee * devices;
	size_t n_devices, left_out;
	struct push_relay * relays;
	size_t n_relays, running;
	struct world_timer timer;
	void (*done)(void * user, struct node_push_send * s,
	    const struct error * err);
	void * user;
};

/* Nobody is addressed yet; NULL without memory. */
struct node_push_send * node_push_send_new(struct node * n);

/*
 * Address a device, in the way it told the group; twice is once.
 * -ERR_NOT_FOUND: it told none.  What would be too many is counted in left_out.
 */
int node_push_send_add(struct node_push_send * s, struct node_group * g,
    const uint8_t member_pk[32], const uint8_t device_pk[32]);

/*
 * Ask every relay at once to push an OutOfStoreMessageEnvelope.  done is
 * called from the loop when all have answered, or not in time, with err NULL;
 * or by node_close, with an error.  What went wrong is in the relays and in the
 * log.  An error from here: done will not be called.
 */
int node_push_send_start(struct node_push_send * s, struct slice envelope,
    void (*done)(void * user, struct node_push_send * s,
        const struct error * err),
    void * user, struct error * err);

/* Requests under way are cancelled. */
void node_push_send_free(struct node_push_send * s);

/* --- a relay of a service token ------------------------------------------- */

/*
 * Ask a relay for its key (PushService/ServerInfo) and register it for this
 * device, as PushSetServer does.  bearer may be NULL.  done (may be NULL) is
 * called once, from the loop or by node_close, with NULL or what went wrong,
 * which is in the log too.  An error from here: it was not asked.
 */
int node_push_use_server(struct node * n, struct slice service_addr,
    struct slice bearer, void (*done)(void * user, const struct error * err),
    void * user, struct error * err);

/* At the node's start: the same for the newest token that names a relay, if no
 * relay is registered: it was not reached, or the power failed before. */
void node_push_follow_tokens(struct node * n);

#endif /* !BERTY_NODE_NODE_PUSH_H */
