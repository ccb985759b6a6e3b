/* grpc_dial.h: the client's socket: connect, and wait with a timeout. */
#ifndef BERTY_SERVER_GRPC_DIAL_H
#define BERTY_SERVER_GRPC_DIAL_H

#include <signal.h>
#include <stdint.h>

#include "base/error.h"

/* Milliseconds of a clock that never goes back. */
uint64_t grpc_dial_now(void);

/*
 * Connect until a moment of that clock (UINT64_MAX: no limit); *fd does not
 * block.  Errors as grpc_client_open.
 */
int grpc_dial(const char * address, uint64_t until, int * fd,
    struct error * err);

enum grpc_dial_event {
	GRPC_DIAL_READY,
	GRPC_DIAL_TIMEOUT,
	GRPC_DIAL_STOPPED,
	GRPC_DIAL_FAILED
};

/* Wait to read, and to write as well if asked. */
enum grpc_dial_event grpc_dial_wait(int fd, int also_write, uint64_t until,
    const volatile sig_atomic_t * stop);

#endif /* !BERTY_SERVER_GRPC_DIAL_H */
