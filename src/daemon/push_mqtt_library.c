#include "daemon/push_mqtt_library.h"

#include "world/os/os_library.h"

#define FUNCTIONS(X, V) \
	X(int, mosquitto_lib_init, (void), ()) \
	X(struct mosquitto *, mosquitto_new, (const char * id, bool clean, \
	    void * user), (id, clean, user)) \
	V(void, mosquitto_destroy, (struct mosquitto * m), (m)) \
	V(void, mosquitto_connect_callback_set, (struct mosquitto * m, \
	    void (*f)(struct mosquitto *, void *, int)), (m, f)) \
	V(void, mosquitto_disconnect_callback_set, (struct mosquitto * m, \
	    void (*f)(struct mosquitto *, void *, int)), (m, f)) \
	V(void, mosquitto_publish_callback_set, (struct mosquitto * m, \
	    void (*f)(struct mosquitto *, void *, int)), (m, f)) \
	X(int, mosquitto_username_pw_set, (struct mosquitto * m, \
	    const char * user, const char * password), (m, user, password)) \
	X(int, mosquitto_tls_set, (struct mosquitto * m, const char * ca, \
	    const char * folder, const char * certificate, const char * key, \
	    int (*ask)(char *, int, int, void *)), \
	    (m, ca, folder, certificate, key, ask)) \
	X(int, mosquitto_connect_async, (struct mosquitto * m, \
	    const char * host, int port, int keepalive), \
	    (m, host, port, keepalive)) \
	X(int, mosquitto_disconnect, (struct mosquitto * m), (m)) \
	X(int, mosquitto_loop_start, (struct mosquitto * m), (m)) \
	X(int, mosquitto_loop_stop, (struct mosquitto * m, bool force), \
	    (m, force)) \
	X(int, mosquitto_publish, (struct mosquitto * m, int * id, \
	    const char * topic, int n, const void * p, int qos, bool retain), \
	    (m, id, topic, n, p, qos, retain))

OS_LIBRARY(push_mqtt_library, BERTY_LIBMOSQUITTO, FUNCTIONS)

#define CALL(type, function, parameters, arguments) \
	type \
	function parameters \
	{ \
		return (((type (*) parameters) \
		    push_mqtt_library_functions[function##_at]) arguments); \
	}
#define CALL_VOID(type, function, parameters, arguments) \
	void \
	function parameters \
	{ \
		((void (*) parameters) \
		    push_mqtt_library_functions[function##_at]) arguments; \
	}

FUNCTIONS(CALL, CALL_VOID)
