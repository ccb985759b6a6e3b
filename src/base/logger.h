/* logger.h: log lines.  A secret is never part of one. */
#ifndef BERTY_BASE_LOGGER_H
#define BERTY_BASE_LOGGER_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Where lines go; a NULL write, or a NULL logger, drops them. */
struct logger {
	enum log_level least;
	void (*write)(void * user, enum log_level level, const char * module,
	    const char * line);
	void * user;
};

/* One line of the named module, printf style, cut at 500 bytes. */
void log_line(const struct logger * log, enum log_level level,
    const char * module, const char * format, ...)
    __attribute__((format(printf, 4, 5)));

#define log_debug(log, ...) log_line((log), LOG_DEBUG, __VA_ARGS__)
#define log_info(log, ...) log_line((log), LOG_INFO, __VA_ARGS__)
#define log_warn(log, ...) log_line((log), LOG_WARN, __VA_ARGS__)
#define log_error(log, ...) log_line((log), LOG_ERROR, __VA_ARGS__)

#endif /* !BERTY_BASE_LOGGER_H */
