/* log.h: where log lines go.  A secret is never part of one. */
#ifndef BERTY_LOG_H
#define BERTY_LOG_H

#include "berty/api.h"

BERTY_BEGIN

enum berty_log_level {
	BERTY_LOG_DEBUG = 0,
	BERTY_LOG_INFO = 1,
	BERTY_LOG_WARN = 2,
	BERTY_LOG_ERROR = 3
};

/*
 * Zero bytes drop every line.  `write` gets lines of at least `least`: the
 * part of the library that speaks, and one line of at most 500 bytes without
 * its newline.  Both are gone after the call.  It is called on the thread that
 * runs the loop; it must not call the library.
 */
struct berty_logger {
	enum berty_log_level least;
	void (*write)(void * user, enum berty_log_level level,
	    const char * module, const char * line);
	void * user;
};

BERTY_END

#endif /* !BERTY_LOG_H */
