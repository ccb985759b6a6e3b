#define _GNU_SOURCE  /* memfd_create: a key that is in no folder */
#include "daemon/push_providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "daemon/push_mqtt.h"
#include "server/access_file.h"
#include "services/push_apns.h"
#include "services/push_fcm.h"
#include "services/push_unified.h"

#define PARTS_MAX 4

/* What all of them are made with. */
struct making {
	struct push_relay * relay;
	struct world * world;
	struct web * web;
	const struct berty_push_server_options * o;
	struct push_files ** files;
};

struct push_files {
	struct push_files * next;
	int fd[2];
	char path[2][40];
};

/* --- files ---------------------------------------------------------------- */

static int
read_file(struct buffer * out, const char * path, struct error * err)
{
	struct error why = {0};

	if (access_file_read(path, false, out, NULL, &why) == 0)
		return (0);
	return (error_set(err, ERR_PUSH_INVALID_SERVER_CONFIG, "%s",
	    why.text));
}

void
push_files_free(struct push_files * files)
{
	struct push_files * next;
	unsigned i;

	for (; files != NULL; files = next) {
		next = files->next;
		for (i = 0; i < 2; i++)
			if (files->fd[i] >= 0)
				(void)close(files->fd[i]);
		free(files);
	}
}

static bool
keep(struct push_files * f, unsigned which, struct slice pem)
{
	int fd = memfd_create("berty-apns", MFD_CLOEXEC);

	if (fd < 0)
		return (false);
	f->fd[which] = fd;
	(void)snprintf(f->path[which], sizeof(f->path[which]),
	    "/proc/self/fd/%d", fd);
	return (write(fd, pem.p, pem.n) == (ssize_t)pem.n);
}

/* A certificate and its key, as curl reads them. */
static struct push_files *
keep_certificate(const struct making * m, const struct push_apns_certificate * c)
{
	struct push_files * f = calloc(1, sizeof(*f));

	if (f == NULL)
		return (NULL);
	f->fd[0] = f->fd[1] = -1;
	f->next = *m->files;
	*m->files = f;
	return (keep(f, 0, buffer_all(&c->certificate)) &&
	    keep(f, 1, buffer_all(&c->key)) ? f : NULL);
}

/* --- Apple ---------------------------------------------------------------- */

static const char *
apple(const struct making * m, bool sandbox)
{
	if (m->o->apns_endpoint != NULL)
		return (m->o->apns_endpoint);
	return (sandbox ? PUSH_APNS_SANDBOX : PUSH_APNS_PRODUCTION);
}

static int
add_apns(const struct making * m, const struct push_apns_config * config,
    struct error * err)
{
	struct push_provider * p;
	int rc;

	if ((rc = push_apns_new(&p, config, err)) != 0)
		return (rc);
	return (push_relay_add(m->relay, p, err));
}

static int
add_certificate(const struct making * m, const char * path, struct error * err)
{
	struct push_apns_config config = {.world = m->world, .web = m->web};
	struct push_apns_certificate c = {0};
	struct buffer file = {0};
	struct push_files * f;
	int rc;

	if ((rc = read_file(&file, path, err)) == 0)
		rc = push_apns_certificate(&c, buffer_all(&file), err);
	buffer_wipe(&file);
	if (rc != 0)
		return (rc);
	if ((f = keep_certificate(m, &c)) == NULL)
		rc = error_set(err, ERR_INTERNAL,
		    "a certificate cannot be kept");
	else {
		config.bundle = (char *)c.bundle.p;
		config.endpoint = apple(m, c.sandbox);
		config.certificate = f->path[0];
		config.certificate_key = f->path[1];
		rc = add_apns(m, &config, err);
	}
	push_apns_certificate_free(&c);
	return (rc);
}

/* Cut at the first colons; the last part has the rest. */
static size_t
cut(char * text, char * parts[PARTS_MAX], size_t max)
{
	size_t n = 0;

	for (;;) {
		parts[n++] = text;
		if (n == max || (text = strchr(text, ':')) == NULL)
			return (n);
		*text++ = '\0';
	}
}

static int
add_apple_key(const struct making * m, char * text, struct error * err)
{
	struct push_apns_config config = {.world = m->world, .web = m->web,
	    .endpoint = apple(m, m->o->apns_sandbox)};
	struct buffer file = {0};
	char * parts[PARTS_MAX];
	int rc;

	if (cut(text, parts, 4) != 4)
		return (error_set(err, ERR_PUSH_INVALID_SERVER_CONFIG,
		    "for Apple say BUNDLE:TEAM:KEY:FILE.p8, or FILE.p12"));
	config.bundle = parts[0];
	config.team = parts[1];
	config.key_id = parts[2];
	if ((rc = read_file(&file, parts[3], err)) == 0) {
		config.key = buffer_all(&file);
		rc = add_apns(m, &config, err);
	}
	buffer_wipe(&file);
	return (rc);
}

static bool
ends(const char * text, const char * with)
{
	size_t n = strlen(text), m = strlen(with);

	return (n >= m && strcmp(text + n - m, with) == 0);
}

static int
add_apple(const struct making * m, char * text, struct error * err)
{
	return (ends(text, ".p8") ? add_apple_key(m, text, err)
	    : add_certificate(m, text, err));
}

/* --- others --------------------------------------------------------------- */

static int
add_google(const struct making * m, char * text, struct error * err)
{
	struct push_fcm_config config = {.world = m->world, .web = m->web,
	    .endpoint = m->o->fcm_endpoint == NULL ? PUSH_FCM_ENDPOINT
	        : m->o->fcm_endpoint};
	struct push_provider * p;
	struct buffer file = {0};
	char * parts[PARTS_MAX];
	int rc;

	if (cut(text, parts, 2) != 2 || !ends(parts[1], ".json"))
		return (error_set(err, ERR_PUSH_INVALID_SERVER_CONFIG, "for "
		    "Google say BUNDLE:FILE.json, the key of a service "
		    "account: keys of its former interface are gone"));
	config.bundle = parts[0];
	if ((rc = read_file(&file, parts[1], err)) == 0) {
		config.account = buffer_all(&file);
		if ((rc = push_fcm_new(&p, &config, err)) == 0)
			rc = push_relay_add(m->relay, p, err);
	}
	buffer_wipe(&file);
	return (rc);
}

static int
add_unified(const struct making * m, char * text, struct error * err)
{
	const struct push_unified_config config = {.web = m->web,
	    .bundle = text, .anywhere = m->o->unified_anywhere};
	struct push_provider * p;
	int rc;

	if ((rc = push_unified_new(&p, &config, err)) != 0)
		return (rc);
	return (push_relay_add(m->relay, p, err));
}

static int
add_mqtt(const struct making * m, char * text, struct error * err)
{
	struct push_provider * p;
	int rc;

	if ((rc = push_mqtt_new(&p, m->world, text, m->o->ca_file, err)) != 0)
		return (rc);
	return (push_relay_add(m->relay, p, err));
}

/* --- all ------------------------------------------------------------------ */

static int
add_list(const struct making * m, const char * const * list,
    int (*add)(const struct making * m, char * text, struct error * err),
    struct error * err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && list != NULL && list[i] != NULL; i++) {
		char * text = strdup(list[i]);

		rc = text == NULL ? error_set(err, ERR_INTERNAL,
		    "out of memory") : add(m, text, err);
		free(text);
	}
	return (rc);
}

int
push_providers_add(struct push_relay * r, struct world * world,
    struct web * web, const struct berty_push_server_options * o,
    struct push_files ** files, struct error * err)
{
	const struct making m = {r, world, web, o, files};
	int rc;

	*files = NULL;
	if ((rc = add_list(&m, o->apns, add_apple, err)) != 0 ||
	    (rc = add_list(&m, o->fcm, add_google, err)) != 0 ||
	    (rc = add_list(&m, o->unified, add_unified, err)) != 0 ||
	    (rc = add_list(&m, o->mqtt, add_mqtt, err)) != 0)
		return (rc);
	if (push_relay_provider(r, 0) == NULL)
		return (error_set(err, ERR_NO_PROVIDERS_CONFIGURED, "a relay "
		    "needs somebody to push by: -apns, -fcm, -unifiedpush or "
		    "-mqtt"));
	return (0);
}
