/*
 * berty.h: nodes of the Berty protocol in your program.
 *
 * A context (struct berty) owns an event loop; nodes and calls live in it and
 * are named by ids.  A node is opened on a store, and everything else is calls
 * of berty.protocol.v1.ProtocolService: a method's name, a request and replies
 * as protobuf bytes.  The .proto files are installed in share/berty/proto;
 * berty/wire.h writes and reads simple messages without a code generator.
 *
 * There are three ways to run a context; take one of them:
 *
 *   a thread of its own    berty_start; callbacks come on that thread
 *   inside your loop       berty_fd, berty_timeout_ms, berty_turn
 *   blocking               berty_run
 *
 * Ids are never used twice: one that is no longer good gives
 * -BERTY_ERR_NOT_FOUND, never a crash.  0 is no id.
 *
 * Threads.  The functions on calls, and berty_stop, may be called from any
 * thread at any time.  Those that open, close, run and free belong to the
 * thread that runs the context, or, after berty_start, to any thread.
 *
 * Callbacks come one at a time, from the thread that runs the context, never
 * from inside berty_call and its kin.  A callback may call every function but
 * berty_free, berty_run, berty_turn and berty_call_wait.
 *
 * Memory.  What is given to a function is copied or no longer needed when it
 * returns; what is given to a callback is gone when that returns.
 */
#ifndef BERTY_BERTY_H
#define BERTY_BERTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berty/error.h"
#include "berty/log.h"

BERTY_BEGIN

struct berty;
struct berty_storage;     /* berty/storage.h */
struct berty_world;       /* berty/world.h */

/* A node or a call of one context. */
typedef uint64_t berty_id;

/* "0.1.0": of the library that runs, not of this header. */
BERTY_API const char * berty_version(void);

/* --- the context ---------------------------------------------------------- */

/* How a context is made.  Zeros take the defaults, but for `size`. */
struct berty_config {
	size_t size;              /* sizeof(struct berty_config) */
	struct berty_logger log;  /* none */

	/*
	 * The clock, the network and the rest, supplied by the host, which
	 * then runs the loop: berty_start, _run, _turn, _fd, _timeout_ms and
	 * berty_call_wait answer -BERTY_ERR_INVALID_INPUT, and every function
	 * belongs to the world's one thread.  Borrowed for the context's life.
	 * NULL: those of the system.
	 */
	const struct berty_world * world;
};

/*
 * Make a context.  config and err may be NULL.  INVALID_INPUT (100: a size
 * that no version has), INTERNAL (888: out of memory or of descriptors).
 *
 * Unless the host handles SIGPIPE, the process ignores it from now on.
 */
BERTY_API int berty_new(const struct berty_config * config, struct berty ** b,
    struct berty_error * err);

/*
 * Close every node as berty_close does, end the context's thread, and free it.
 * No other thread may use the context meanwhile.  NULL is fine.
 */
BERTY_API void berty_free(struct berty * b);

/* --- running -------------------------------------------------------------- */

/*
 * Run the context on a thread of its own until berty_stop or berty_free.
 * INVALID_INPUT: it runs already; INTERNAL: no thread.
 */
BERTY_API int berty_start(struct berty * b);

/*
 * Run the context on this thread for at most ms milliseconds (-1: without
 * end), or until berty_stop.  INVALID_INPUT: it runs already.
 */
BERTY_API int berty_run(struct berty * b, int ms);

/*
 * Make berty_run return soon, or, after berty_start, end the thread, and wait
 * for that unless this is a callback.  Nodes stay open; the context may be
 * started or run again.  If it does not run, the next berty_run returns at
 * once.
 */
BERTY_API void berty_stop(struct berty * b);

/*
 * A descriptor that polls as readable when there is something to do, for
 * poll, epoll, select and loops built on them; the same for the context's
 * life, and its own to close.  Or a negative code.
 */
BERTY_API int berty_fd(struct berty * b);

/*
 * How long to wait at most before the next berty_turn, milliseconds; -1: until
 * the descriptor is readable.  Ask again before each wait.
 */
BERTY_API int berty_timeout_ms(struct berty * b);

/* Do what there is to do now, without waiting.  INVALID_INPUT: it runs. */
BERTY_API int berty_turn(struct berty * b);

/* --- nodes ---------------------------------------------------------------- */

/* How a node is opened.  Zeros take the defaults, but for `size`. */
struct berty_node_config {
	size_t size;              /* sizeof(struct berty_node_config) */

	/* The store's folder, made if it is not there.  NULL: `storage`. */
	const char * folder;

	/* Or file operations of the host, borrowed until the node is closed.
	 * Both NULL: in memory, gone when the node is closed. */
	const struct berty_storage * storage;

	/*
	 * The key that the store is sealed with: 32 bytes; or a function that
	 * fills them in and returns 0, called once while the node is opened.
	 * Neither: the file `store.key` in the folder, made at the first
	 * start; a `storage` needs one of the two.
	 */
	const uint8_t * key;
	int (*get_key)(void * user, uint8_t key[32]);
	void * key_user;

	/* "berty", "berty-v1", "wesh", or several with commas: the first is a
	 * new account's own, all are spoken.  NULL: "berty". */
	const char * networks;

	/* Multiaddrs as texts, lists that end with NULL; a NULL list is empty.
	 * Where other nodes connect ("/ip4/0.0.0.0/tcp/0"); and peers to keep
	 * connected ("/ip4/…/tcp/…/p2p/ID"). */
	const char * const * listeners;
	const char * const * static_peers;

	/* How connections are secured: "noise", "tls" or both.  NULL: both. */
	const char * security;

	/* Known groups are opened by calls only, not by the node itself. */
	bool by_hand;

	/* Find nodes in the local network, and be found there (mDNS). */
	bool local_network;

	/*
	 * An archive to begin with, as InstanceExportData gives it or Berty
	 * writes it: a file; or a function that fills in up to n bytes and
	 * says how many, 0 at the end, negative when it fails, called while
	 * the node is opened.  Its passphrase, if it is sealed; borrowed.
	 * The account is restored whole, with a new device, or not at all;
	 * opening takes as long as that does.  INVALID_INPUT (100): the store
	 * has an account, or something is wrong with the archive (104, 888: a
	 * key of it), CRYPTO_DECRYPT (205: the passphrase), STREAM_READ (105).
	 */
	const char * restore;
	long (*read_archive)(void * user, void * bytes, size_t n);
	void * restore_user;
	const char * restore_passphrase;

	/* Bytes of an attachment, 0: 4 GiB; and of all those that were fetched
	 * and not pinned, 0: 1 GiB: what was read longest ago goes. */
	uint64_t attachment_max, attachment_cache;
};

/*
 * Open a node; its account is made at the first start.  Blocks for the disk,
 * some milliseconds.  Calls may be made at once; they begin when what opening
 * wrote is on disk.
 *
 * INVALID_INPUT (100: the configuration), DB_OPEN (124: not a store, a wrong
 * key, or open elsewhere; KEYSTORE_GET, 400, below it when there is no key),
 * DB_MIGRATE (121: made by a newer version), STREAM_READ (105: an address that
 * cannot be listened on), INTERNAL (888).  err (may be NULL) has the chain and
 * says what to do.
 */
BERTY_API int berty_open(struct berty * b,
    const struct berty_node_config * config, berty_id * node,
    struct berty_error * err);

/*
 * Close a node.  Changes under way are brought to their end, then each call
 * that is still open ends with BRIDGE_NOT_RUNNING (1601), exactly once.  When
 * this returns all that has happened and the store may be opened again; in a
 * callback, it happens right after the callback.  NOT_FOUND: no such node.
 */
BERTY_API int berty_close(struct berty * b, berty_id node);

/* --- calls ---------------------------------------------------------------- */

/* What a reply callback returns. */
enum berty_flow {
	BERTY_MORE = 0,           /* go on */
	BERTY_ENOUGH = 1          /* wait for berty_call_resume */
};

/* What happens to a call.  Only `end` must be set.  Copied by berty_call. */
struct berty_handler {
	size_t size;              /* sizeof(struct berty_handler) */

	/* A stream stands: what happens from now on will be replied. */
	void (*begin)(void * user, berty_id call);

	/*
	 * One reply.  A stream that gets BERTY_ENOUGH reads no further until
	 * berty_call_resume and holds a position, not replies: a slow reader
	 * costs nothing.  One that can not wait may still reply.
	 */
	int (*reply)(void * user, berty_id call, const void * bytes, size_t n);

	/* A client stream has room again after berty_call_send had none. */
	void (*writable)(void * user, berty_id call);

	/*
	 * The end, exactly once for each call that berty_call accepted: err is
	 * NULL when it succeeded.  The id is no longer good.
	 */
	void (*end)(void * user, berty_id call, const struct berty_error * err);
};

/*
 * Begin a call of a node.  method: "GroupMessageList", or with its service in
 * front: "berty.protocol.v1.ProtocolService/GroupMessageList".  The request is
 * n protobuf bytes; none for a client stream.  call may be NULL.
 *
 * NOT_FOUND (404: no such node), NOT_IMPLEMENTED (777: no such method),
 * DESERIALIZATION (104: the request is malformed), INVALID_INPUT (100: no
 * handler, or a request for a client stream), INTERNAL (888): no callback is
 * called.  All else that fails is told by `end`.
 */
BERTY_API int berty_call(struct berty * b, berty_id node, const char * method,
    const void * request, size_t n, const struct berty_handler * handler,
    void * user, berty_id * call);

/*
 * Send one message of a client stream.  STREAM_WRITE (106: 1 MiB or more wait
 * already; `writable` will come), DESERIALIZATION, INVALID_INPUT (not a client
 * stream, or closed by berty_call_close_send), NOT_FOUND.
 */
BERTY_API int berty_call_send(struct berty * b, berty_id call,
    const void * message, size_t n);

/* No more messages follow.  INVALID_INPUT, NOT_FOUND. */
BERTY_API int berty_call_close_send(struct berty * b, berty_id call);

/* Go on after BERTY_ENOUGH; harmless otherwise.  NOT_FOUND. */
BERTY_API int berty_call_resume(struct berty * b, berty_id call);

/*
 * Cancel: the call ends soon with BRIDGE_INTERRUPTED (1600), or with its result
 * if that was first.  A change that was begun is not undone.  NOT_FOUND.
 */
BERTY_API int berty_call_cancel(struct berty * b, berty_id call);

/*
 * Make a call with one reply and wait for it, at most timeout_ms (-1: without
 * end), after which it is cancelled.  *reply (n bytes) goes to berty_bytes_free;
 * reply and err may be NULL.  A context without a thread is run meanwhile.
 * Errors of berty_call; INVALID_INPUT in a callback or for a stream; else the
 * outermost code of the chain that the call ended with.
 */
BERTY_API int berty_call_wait(struct berty * b, berty_id node,
    const char * method, const void * request, size_t n, int timeout_ms,
    void ** reply, size_t * reply_n, struct berty_error * err);

/* Wipe and free what berty_call_wait gave.  NULL is fine. */
BERTY_API void berty_bytes_free(void * bytes, size_t n);

BERTY_END

#endif /* !BERTY_BERTY_H */
