/*
 * world_os.h: the world of a real machine: libuv's loop and threads, the
 * system's clock and randomness.
 */
#ifndef BERTY_WORLD_OS_WORLD_OS_H
#define BERTY_WORLD_OS_WORLD_OS_H

#include "base/error.h"
#include "world/world.h"

struct uv_loop_s;

/*
 * A world with a loop of its own, or NULL without memory.  The logger is
 * borrowed for the world's life; NULL: no log.  Unless the
 * process handles SIGPIPE, it ignores it from now on: a lost connection is an
 * error of its write.
 */
struct world * world_os_new(const struct logger * log);

/* Run the loop until world_os_stop, or until nothing is left to happen. */
void world_os_run(struct world * w);

/*
 * Make world_os_run return soon.  The one function here that may be called
 * from any thread and from a signal handler.
 */
void world_os_stop(struct world * w);

/*
 * Close what is still open, without callbacks to its handlers, wait for work in
 * flight (its `done` is called), and free the world.  Timers are forgotten.
 */
void world_os_free(struct world * w);

/*
 * To run the loop inside another: a descriptor that polls as readable when
 * there is something to do (or a negative code), how many ms to wait for it at
 * most (-1: no limit), and one turn, which does not wait.
 */
int world_os_fd(struct world * w);
int world_os_timeout(struct world * w);
void world_os_turn(struct world * w);

/* The loop, for the servers that speak libuv themselves. */
struct uv_loop_s * world_os_loop(struct world * w);

/* Make a folder and those above it, mode 0700.  0, or -ERR_DB_OPEN. */
int world_os_make_folder(const char * path, struct error * err);

/* Where the 32 bytes of a store key come from; exactly one is set. */
struct world_os_key {
	const char * file;        /* made at first start, mode 0600; or NULL */
	const char * variable;    /* name of an environment variable; or NULL */
	int fd;                   /* read to its end, then closed; -1: none */
};

/*
 * Read a store key: 32 raw bytes, or 64 hexadecimal digits with an optional
 * newline.  A file that does not exist is made with a random key; one that
 * others than its owner may read or write is refused.  Errors: -ERR_KEYSTORE_GET
 * with a text; -ERR_KEYSTORE_PUT when the file cannot be made.
 */
int world_os_store_key(const struct world_os_key * from, uint8_t key[32],
    struct error * err);

/*
 * The same from the file store.key of a store's folder.  It is not made beside
 * a store (berty.sqlite): that has a key, and a new one would not open it.
 */
int world_os_folder_key(const char * folder, uint8_t key[32],
    struct error * err);

#endif /* !BERTY_WORLD_OS_WORLD_OS_H */
