/*
 * os_library.h: a shared library that is loaded when it is first needed.  The
 * database's and curl's bring a dozen more with them: 3.5 MB of memory and a
 * third of the time that the program takes to begin, for what most nodes never
 * ask for.
 *
 * Who needs one defines its functions anew, each of which calls the real one
 * (OS_LIBRARY); the code that uses them is as if the library was linked.
 */
#ifndef BERTY_WORLD_OS_OS_LIBRARY_H
#define BERTY_WORLD_OS_OS_LIBRARY_H

#include <stddef.h>
#include <uv.h>

#include "base/error.h"

/* Constant, but for what os_library_load sets once. */
struct os_library {
	const char * file;        /* as the linker would name it */
	const char * const * names;
	void ** functions;        /* as many; NULL until it is loaded */
	size_t n;
	uv_once_t once;
};

/* Load it, once in the life of a process: 0, or -ERR_INTERNAL with err. */
int os_library_load(struct os_library * library, void (*load)(void),
    struct error * err);

/* What `load` is to call, since uv_once passes nothing. */
void os_library_open(struct os_library * library);

/*
 * OS_LIBRARY(name, FILE, FUNCTIONS) makes `int name(struct error * err)`, which
 * loads it, and the functions.  FUNCTIONS(X, V) is a list of X(type, function,
 * (parameters), (arguments)), V(…) for what returns nothing.
 */
#define OS_LIBRARY(name, file, functions) \
	enum { functions(OS_LIBRARY_AT, OS_LIBRARY_AT) name##_n }; \
	static const char * const name##_names[] = { \
		functions(OS_LIBRARY_NAME, OS_LIBRARY_NAME)}; \
	static void * name##_functions[name##_n]; \
	static struct os_library name##_library = {file, name##_names, \
		name##_functions, name##_n, UV_ONCE_INIT}; \
	static void \
	name##_open(void) \
	{ \
		os_library_open(&name##_library); \
	} \
	int name(struct error * err); \
	int \
	name(struct error * err) \
	{ \
		return (os_library_load(&name##_library, name##_open, err)); \
	}

#define OS_LIBRARY_AT(type, function, parameters, arguments) function##_at,
#define OS_LIBRARY_NAME(type, function, parameters, arguments) #function,

#endif /* !BERTY_WORLD_OS_OS_LIBRARY_H */
