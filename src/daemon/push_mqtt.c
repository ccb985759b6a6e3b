#include "daemon/push_mqtt.h"

#include <stdlib.h>
#include <uv.h>

#include "crypto/crypto.h"
#include "daemon/push_mqtt_library.h"
#include "services/push_post.h"
#include "world/os/world_os.h"

#define KEEPALIVE_S 60
#define AUTHORITIES "/etc/ssl/certs"

struct push_mqtt {
	struct push_provider provider;
	struct world * world;
	struct mosquitto * client;
	struct buffer prefix;     /* of topics */
	uv_async_t told;          /* by the thread of the client */
	uv_mutex_t mutex;         /* for what follows */
	bool connected;
	struct buffer taken;      /* ids that the broker has, each an int */
	struct list waiting;      /* flights, for a connection; the loop's */
	struct list running;
};

/* An errand. */
struct flight {
	struct push_mqtt * mqtt;
	struct push_errand * errand;
	struct world_timer timer;
	int id;                   /* once published */
	struct list place;
};

/* --- on the client's thread ----------------------------------------------- */

static void
on_connect(struct mosquitto * client, void * user, int rc)
{
	struct push_mqtt * m = user;

	(void)client;
	uv_mutex_lock(&m->mutex);
	m->connected = rc == 0;
	uv_mutex_unlock(&m->mutex);
	(void)uv_async_send(&m->told);
}

static void
on_disconnect(struct mosquitto * client, void * user, int rc)
{
	struct push_mqtt * m = user;

	(void)client;
	(void)rc;
	uv_mutex_lock(&m->mutex);
	m->connected = false;
	uv_mutex_unlock(&m->mutex);
}

static void
on_publish(struct mosquitto * client, void * user, int id)
{
	struct push_mqtt * m = user;

	(void)client;
	uv_mutex_lock(&m->mutex);
	buffer_append(&m->taken, &id, sizeof(id));
	uv_mutex_unlock(&m->mutex);
	(void)uv_async_send(&m->told);
}

/* --- on the loop ---------------------------------------------------------- */

static void
end_flight(struct flight * f, int rc)
{
	struct push_errand * e = f->errand;

	world_timer_stop(f->mqtt->world, &f->timer);
	list_remove(&f->place);
	free(f);
	e->done(e, rc);
}

static void
too_late(struct world_timer * timer)
{
	struct flight * f = list_entry(timer, struct flight, timer);

	end_flight(f, error_set(&f->errand->err, ERR_PUSH_PROVIDER, "mqtt: "
	    "the broker %s", f->id == 0 ? "is not reached" :
	    "does not answer"));
}

static void
end_taken(struct push_mqtt * m, int id)
{
	struct list * place, * next;

	list_each(place, next, &m->running) {
		struct flight * f = list_entry(place, struct flight, place);

		if (f->id == id) {
			end_flight(f, 0);
			return;
		}
	}
}

static void
publish(struct push_mqtt * m, struct flight * f)
{
	struct push_errand * e = f->errand;
	struct buffer topic = {0};
	int rc = MOSQ_ERR_NOMEM;

	buffer_slice(&topic, buffer_all(&m->prefix));
	buffer_slice(&topic, e->token);
	buffer_byte(&topic, 0);
	list_remove(&f->place);
	list_append(&m->running, &f->place);
	if (!topic.failed)
		rc = mosquitto_publish(m->client, &f->id, (char *)topic.p,
		    (int)e->payload.n, e->payload.p, 1, false);
	buffer_free(&topic);
	if (rc != MOSQ_ERR_SUCCESS)
		end_flight(f, error_set(&e->err, ERR_PUSH_PROVIDER,
		    "mqtt: it cannot be published (%d)", rc));
}

static void
on_told(uv_async_t * async)
{
	struct push_mqtt * m = async->data;
	struct list * place, * next;
	struct buffer taken;
	bool connected;
	size_t i;
	int id;

	uv_mutex_lock(&m->mutex);
	taken = m->taken;
	m->taken = (struct buffer){0};
	connected = m->connected;
	uv_mutex_unlock(&m->mutex);
	for (i = 0; i + sizeof(id) <= taken.n; i += sizeof(id)) {
		memcpy(&id, taken.p + i, sizeof(id));
		end_taken(m, id);
	}
	buffer_free(&taken);
	if (connected)
		list_each(place, next, &m->waiting)
			publish(m, list_entry(place, struct flight, place));
}

/* A topic that many devices would hear, or the broker itself, is none. */
static bool
is_topic(struct slice token)
{
	size_t i;

	if (token.n > PUSH_MQTT_TOPIC_MAX || !push_post_is_plain(token) ||
	    token.p[0] == '$')
		return (false);
	for (i = 0; i < token.n; i++)
		if (token.p[i] == '+' || token.p[i] == '#')
			return (false);
	return (true);
}

static int
send_errand(struct push_provider * provider, struct push_errand * e)
{
	struct push_mqtt * m = list_entry(provider, struct push_mqtt,
	    provider);
	struct flight * f;

	if (!is_topic(e->token))
		return (error_set(&e->err, ERR_PUSH_UNKNOWN_DESTINATION,
		    "mqtt: the token is no topic"));
	if ((f = calloc(1, sizeof(*f))) == NULL)
		return (error_set(&e->err, ERR_INTERNAL, "out of memory"));
	f->mqtt = m;
	f->errand = e;
	f->timer.fire = too_late;
	if (world_timer_start(m->world, &f->timer, PUSH_PROVIDER_MS) != 0) {
		free(f);
		return (error_set(&e->err, ERR_INTERNAL, "out of memory"));
	}
	list_append(&m->waiting, &f->place);
	(void)uv_async_send(&m->told);
	return (0);
}

/* --- from start to end ---------------------------------------------------- */

static void
free_flights(struct push_mqtt * m, struct list * flights)
{
	struct list * place, * next;

	list_each(place, next, flights) {
		struct flight * f = list_entry(place, struct flight, place);

		world_timer_stop(m->world, &f->timer);
		list_remove(&f->place);
		free(f);
	}
}

static void
closed(uv_handle_t * handle)
{
	struct push_mqtt * m = handle->data;

	uv_mutex_destroy(&m->mutex);
	buffer_free(&m->taken);
	buffer_free(&m->prefix);
	free(m->provider.bundle);
	free(m);
}

static void
free_provider(struct push_provider * provider)
{
	struct push_mqtt * m = list_entry(provider, struct push_mqtt,
	    provider);

	if (m->client != NULL) {
		(void)mosquitto_disconnect(m->client);
		(void)mosquitto_loop_stop(m->client, false);
		mosquitto_destroy(m->client);
	}
	free_flights(m, &m->waiting);
	free_flights(m, &m->running);
	uv_close((uv_handle_t *)&m->told, closed);
}

static const struct push_provider_ops ops = {
	.send = send_errand,
	.free = free_provider,
};

/* --- where a broker is ---------------------------------------------------- */

/* Parts of a text, cut in place. */
struct broker {
	char * bundle, * user, * password, * host, * prefix;
	int port;
	bool tls;
};

static bool
take_port(struct broker * b, const char * text)
{
	char * end;
	long v = strtol(text, &end, 10);

	b->port = (int)v;
	return (end != text && *end == '\0' && v > 0 && v < 65536);
}

/* HOST[:PORT]; an address of IPv6 stands in brackets. */
static bool
take_host(struct broker * b, char * text)
{
	char * port;

	b->host = text;
	b->port = b->tls ? 8883 : 1883;
	if (*text == '[') {
		b->host = text + 1;
		if ((text = strchr(text, ']')) == NULL)
			return (false);
		*text++ = '\0';
	}
	if ((port = strchr(text, ':')) != NULL)
		*port++ = '\0';
	return (*b->host != '\0' && (port == NULL || take_port(b, port)));
}

static bool
take_broker(struct broker * b, char * text)
{
	char * at;

	b->bundle = text;
	if ((text = strchr(text, '=')) == NULL || text == b->bundle)
		return (false);
	*text++ = '\0';
	if (strncmp(text, "mqtts://", 8) == 0)
		b->tls = true;
	else if (strncmp(text, "mqtt://", 7) != 0)
		return (false);
	text += b->tls ? 8 : 7;
	if ((b->prefix = strchr(text, '/')) != NULL)
		*b->prefix++ = '\0';
	if ((at = strrchr(text, '@')) != NULL) {
		*at = '\0';
		b->user = text;
		if ((b->password = strchr(text, ':')) != NULL)
			*b->password++ = '\0';
		text = at + 1;
	}
	return (take_host(b, text));
}

static int
start_client(struct push_mqtt * m, const struct broker * b,
    const char * ca_file, struct error * err)
{
	(void)mosquitto_lib_init();
	if ((m->client = mosquitto_new(NULL, true, m)) == NULL)
		return (error_set(err, ERR_INTERNAL, "out of memory"));
	mosquitto_connect_callback_set(m->client, on_connect);
	mosquitto_disconnect_callback_set(m->client, on_disconnect);
	mosquitto_publish_callback_set(m->client, on_publish);
	if (b->user != NULL && mosquitto_username_pw_set(m->client, b->user,
	    b->password) != MOSQ_ERR_SUCCESS)
		goto err0;
	if (b->tls && mosquitto_tls_set(m->client, ca_file,
	    ca_file == NULL ? AUTHORITIES : NULL, NULL, NULL, NULL) !=
	    MOSQ_ERR_SUCCESS)
		goto err0;
	if (mosquitto_connect_async(m->client, b->host, b->port,
	    KEEPALIVE_S) == MOSQ_ERR_INVAL ||
	    mosquitto_loop_start(m->client) != MOSQ_ERR_SUCCESS)
		goto err0;
	return (0);

err0:
	return (error_set(err, ERR_PUSH_INVALID_SERVER_CONFIG,
	    "mqtt: the broker of %.60s cannot be used", b->bundle));
}

static struct push_mqtt *
new_provider(struct world * world, const struct broker * b)
{
	struct push_mqtt * m = calloc(1, sizeof(*m));

	if (m == NULL)
		goto err0;
	m->provider.ops = &ops;
	m->provider.type = PUSH_MQTT;
	m->world = world;
	list_init(&m->waiting);
	list_init(&m->running);
	buffer_text(&m->prefix, b->prefix == NULL ? "" : b->prefix);
	if ((m->provider.bundle = strdup(b->bundle)) == NULL ||
	    m->prefix.failed || uv_mutex_init(&m->mutex) != 0)
		goto err1;
	if (uv_async_init(world_os_loop(world), &m->told, on_told) != 0)
		goto err2;
	m->told.data = m;
	return (m);

err2:
	uv_mutex_destroy(&m->mutex);
err1:
	buffer_free(&m->prefix);
	free(m->provider.bundle);
	free(m);
err0:
	return (NULL);
}

int
push_mqtt_new(struct push_provider ** provider, struct world * world,
    const char * where, const char * ca_file, struct error * err)
{
	struct buffer text = {0};
	struct broker b = {0};
	struct push_mqtt * m;
	int rc;

	if ((rc = push_mqtt_library(err)) != 0)
		return (rc);
	buffer_text(&text, where);
	buffer_byte(&text, 0);
	if (text.failed || !take_broker(&b, (char *)text.p))
		rc = error_set(err, ERR_PUSH_INVALID_SERVER_CONFIG, "for MQTT "
		    "say BUNDLE=mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT]"
		    "[/PREFIX]");
	else if ((m = new_provider(world, &b)) == NULL)
		rc = error_set(err, ERR_INTERNAL, "out of memory");
	else if ((rc = start_client(m, &b, ca_file, err)) != 0)
		free_provider(&m->provider);
	else
		*provider = &m->provider;
	buffer_wipe(&text);
	return (rc);
}
