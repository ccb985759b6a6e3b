/* web_library.c: curl's functions, found when the first request is made. */
#include <stdarg.h>

#include "world/os/os_library.h"
#include "world/web/web_impl.h"

/* With gcc they are macros, too. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define FUNCTIONS(X, V) \
	X(CURLcode, curl_global_init, (long flags), (flags)) \
	V(void, curl_global_cleanup, (void), ()) \
	X(CURL *, curl_easy_init, (void), ()) \
	V(void, curl_easy_cleanup, (CURL * e), (e)) \
	X(const char *, curl_easy_strerror, (CURLcode c), (c)) \
	X(CURLM *, curl_multi_init, (void), ()) \
	X(CURLMcode, curl_multi_cleanup, (CURLM * m), (m)) \
	X(CURLMcode, curl_multi_add_handle, (CURLM * m, CURL * e), (m, e)) \
	X(CURLMcode, curl_multi_remove_handle, (CURLM * m, CURL * e), (m, e)) \
	X(CURLMsg *, curl_multi_info_read, (CURLM * m, int * left), \
	    (m, left)) \
	X(CURLMcode, curl_multi_socket_action, (CURLM * m, curl_socket_t s, \
	    int events, int * running), (m, s, events, running)) \
	X(CURLMcode, curl_multi_assign, (CURLM * m, curl_socket_t s, \
	    void * p), (m, s, p)) \
	X(struct curl_slist *, curl_slist_append, (struct curl_slist * list, \
	    const char * text), (list, text)) \
	V(void, curl_slist_free_all, (struct curl_slist * list), (list))

/* Those with arguments of any type. */
#define OPTIONS(X, V) \
	X(CURLcode, curl_easy_setopt, , ) \
	X(CURLcode, curl_easy_getinfo, , ) \
	X(CURLMcode, curl_multi_setopt, , )

#define ALL(X, V) FUNCTIONS(X, V) OPTIONS(X, V)

OS_LIBRARY(web_library, BERTY_LIBCURL, ALL)

#define CALL(type, function, parameters, arguments) \
	type \
	function parameters \
	{ \
		return (((type (*) parameters) \
		    web_library_functions[function##_at]) arguments); \
	}
#define CALL_VOID(type, function, parameters, arguments) \
	void \
	function parameters \
	{ \
		((void (*) parameters) \
		    web_library_functions[function##_at]) arguments; \
	}

FUNCTIONS(CALL, CALL_VOID)

/* --- options: their number says of what type they are --------------------- */

typedef CURLcode easy_option(CURL * e, CURLoption o, ...);
typedef CURLMcode multi_option(CURLM * m, CURLMoption o, ...);
typedef CURLcode easy_info(CURL * e, CURLINFO i, ...);

CURLcode
curl_easy_setopt(CURL * e, CURLoption o, ...)
{
	easy_option * set = (easy_option *)
	    web_library_functions[curl_easy_setopt_at];
	CURLcode rc;
	va_list list;

	va_start(list, o);
	if (o < CURLOPTTYPE_OBJECTPOINT)
		rc = set(e, o, va_arg(list, long));
	else if (o >= CURLOPTTYPE_OFF_T && o < CURLOPTTYPE_BLOB)
		rc = set(e, o, va_arg(list, curl_off_t));
	else
		rc = set(e, o, va_arg(list, void *));
	va_end(list);
	return (rc);
}

CURLMcode
curl_multi_setopt(CURLM * m, CURLMoption o, ...)
{
	multi_option * set = (multi_option *)
	    web_library_functions[curl_multi_setopt_at];
	CURLMcode rc;
	va_list list;

	va_start(list, o);
	if ((int)o < CURLOPTTYPE_OBJECTPOINT)
		rc = set(m, o, va_arg(list, long));
	else
		rc = set(m, o, va_arg(list, void *));
	va_end(list);
	return (rc);
}

CURLcode
curl_easy_getinfo(CURL * e, CURLINFO i, ...)
{
	easy_info * get = (easy_info *)
	    web_library_functions[curl_easy_getinfo_at];
	CURLcode rc;
	va_list list;

	va_start(list, i);
	rc = get(e, i, va_arg(list, void *));
	va_end(list);
	return (rc);
}
