/*
 * A push is opened by a process that may have 24 MiB, from the file that a node
 * with 100 groups of 10 devices each keeps beside its store.  The file is made
 * here as the node makes it; the opening process has the C API alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "berty/push.h"
#include "codec/multibase.h"
#include "group/chain_store.h"
#include "group/group_impl.h"
#include "group/member_store.h"
#include "group/push.h"
#include "node/push_file.h"
#include "world/os/world_os.h"

enum {
	GROUPS = 100,
	DEVICES = 10,
	LIMIT_KIB = 24 * 1024,
	STACK_KIB = 512,
};

/* Of this device and of its relay. */
static const uint8_t store_key[32] = {1}, device_key[32] = {2},
    relay_key[32] = {3};

/* --- the opening process --------------------------------------------------- */

/* Memory that a sanitizer takes for itself is no measure. */
#if defined(__SANITIZE_ADDRESS__)
#define MEASURED false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEASURED false
#endif
#endif
#ifndef MEASURED
#define MEASURED true
#endif

static void
limit(int what, rlim_t kib)
{
	struct rlimit r = {kib * 1024, kib * 1024};

	if (MEASURED && setrlimit(what, &r) != 0)
		_exit(9);
}

/* The most that was resident, KiB. */
static long
peak_memory(void)
{
	char line[200];
	long kib = -1;
	FILE * f = fopen("/proc/self/status", "r");

	if (f == NULL)
		return (-1);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	(void)fclose(f);
	return (kib);
}

static double
milliseconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return ((double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6);
}

/* argv: folder, push, the text that is expected; exit code 0: it came. */
static int
opener(char ** argv)
{
	struct berty_push_config config = {.size = sizeof(config),
	    .folder = argv[1], .key = store_key};
	struct berty_push_message * m;
	struct berty_error err = {0};
	double begun = milliseconds();
	int rc;

	rc = berty_push_open_text(&config, argv[2], &m, &err);
	printf("%s in %.1f ms, at most %ld KiB resident\n",
	    rc == 0 ? "opened" : err.text, milliseconds() - begun,
	    peak_memory());
	(void)fflush(stdout);
	if (MEASURED && peak_memory() > LIMIT_KIB)
		return (4);
	if (rc != 0)
		return (rc == -ERR_NOT_FOUND ? 3 : 2);
	rc = m->payload_size == strlen(argv[3]) &&
	    memcmp(m->payload, argv[3], m->payload_size) == 0 &&
	    !m->already_received ? 0 : 5;
	berty_push_free(m);
	return (rc);
}

static int
open_elsewhere(const char * folder, struct slice push, const char * expected)
{
	struct buffer text = {0};
	int status = 0;
	pid_t pid;

	base64url_encode(&text, push);
	buffer_byte(&text, 0);
	(void)fflush(NULL);
	if ((pid = fork()) == 0) {
		limit(RLIMIT_STACK, STACK_KIB);
		limit(RLIMIT_DATA, LIMIT_KIB);
		execl("/proc/self/exe", "opener", folder, (char *)text.p,
		    expected, (char *)NULL);
		_exit(9);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	buffer_free(&text);
	assert_true(WIFEXITED(status));
	return (WEXITSTATUS(status));
}

/* --- the node's file ------------------------------------------------------- */

struct house {
	char folder[40];
	struct world * world;
	struct store * store;     /* the node's, in memory */
	struct store * file;
	struct group_context context;
};

static struct group_config
group_number(unsigned i)
{
	const uint8_t seeds[2][32] = {{'g', (uint8_t)i}, {'s', (uint8_t)i}};
	struct group_config config = {.network = network_get(NETWORK_BERTY)};
	struct ed25519_key key;

	group_of_members(&config.info, &key, seeds[0], seeds[1]);
	return (config);
}

static struct ed25519_key
device_number(unsigned i, unsigned j)
{
	const uint8_t seed[32] = {'d', (uint8_t)i, (uint8_t)j};
	struct ed25519_key key;

	ed25519_from_seed(&key, seed);
	return (key);
}

static struct chain_key
chain_number(unsigned i, unsigned j)
{
	return ((struct chain_key){.key = {'c', (uint8_t)i, (uint8_t)j},
	    .counter = UINT64_MAX - 50 + i + j});
}

static void
put_group(struct house * h, unsigned i)
{
	struct group_config config = group_number(i);
	struct member_row row = {.place = {.time = 1}};
	struct chain_key chain;
	struct ed25519_key key;
	uint64_t scope;
	unsigned j;

	row.place.cid.n = 36;
	memcpy(row.place.cid.bytes, "\x01\x71\x12\x20", 4);
	assert_int_equal(group_rows(&h->context, &config, GROUP_ROWS, &scope),
	    0);
	for (j = 0; j < DEVICES; j++) {
		key = device_number(i, j);
		chain = chain_number(i, j);
		memcpy(row.device_pk, key.pub, 32);
		memcpy(row.member_pk, key.pub, 32);
		assert_int_equal(member_store_save(h->store, scope, &row), 0);
		assert_int_equal(chain_store_save(h->store, scope, key.pub,
		    &chain), 0);
	}
	assert_int_equal(push_file_put_group(h->file, &h->context, &config),
	    0);
}

static void
house_open(struct house * h)
{
	struct store_config memory = {0}, config = {0};
	uint8_t key[32], relay[1][32];
	char path[80];
	unsigned i;

	(void)snprintf(h->folder, sizeof(h->folder), "/tmp/berty-push.XXXXXX");
	assert_non_null(mkdtemp(h->folder));
	(void)snprintf(path, sizeof(path), "%s/berty.sqlite" PUSH_FILE_SUFFIX,
	    h->folder);
	assert_int_equal(crypto_setup(), 0);
	h->world = world_os_new(NULL);
	push_file_key(key, store_key);
	config.path = path;
	config.key = key;
	assert_int_equal(store_open(h->world, &memory, &h->store, NULL), 0);
	assert_int_equal(store_open(h->world, &config, &h->file, NULL), 0);
	h->context = (struct group_context){h->world, h->store, NULL};
	assert_int_equal(store_begin(h->store), 0);
	assert_int_equal(store_begin(h->file), 0);
	for (i = 0; i < GROUPS; i++)
		put_group(h, i);
	x25519_base(relay[0], relay_key);
	assert_int_equal(push_file_put_self(h->file, device_key, relay, 1), 0);
	assert_int_equal(store_commit(h->file, NULL), 0);
	store_rollback(h->store);
}

static void
house_shut(struct house * h)
{
	store_close(h->file);
	h->file = NULL;
}

static void
house_close(struct house * h)
{
	char command[80];

	store_close(h->file);
	store_close(h->store);
	world_os_free(h->world);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", h->folder);
	assert_int_equal(system(command), 0);
}

/* --- a relay's push --------------------------------------------------------- */

/* A message of a device, `ahead` messages before where its chain stands. */
static void
push_of(struct buffer * push, const struct group_config * config, unsigned i,
    unsigned j, unsigned ahead, const char * text)
{
	struct ed25519_key key = device_number(i, j);
	struct chain_key chain = chain_number(i, j);
	static const uint8_t random[24] = {5};
	struct buffer envelope = {0}, outer = {0};
	uint8_t message_key[32], device_pk[32];

	while (ahead-- > 1)
		chain_key_step(&chain, message_key, config->info.pk);
	message_seal(&envelope, slice_text(text), &chain, &key, &config->info,
	    random, NULL, 0, message_key);
	assert_int_equal(out_of_store_seal(&outer, &config->info,
	    config->network->reference_field, slice_text("cid"),
	    buffer_all(&envelope), random), 0);
	x25519_base(device_pk, device_key);
	assert_int_equal(push_expose(push, buffer_all(&outer), relay_key,
	    device_pk, random), 0);
	buffer_free(&envelope);
	buffer_free(&outer);
}

static void
expect_opened(struct house * h, unsigned i, unsigned j, unsigned ahead)
{
	struct group_config config = group_number(i);
	struct buffer push = {0};

	push_of(&push, &config, i, j, ahead, "wake up");
	assert_int_equal(open_elsewhere(h->folder, buffer_all(&push),
	    "wake up"), 0);
	buffer_free(&push);
}

static void
a_process_of_24_mib_opens_a_push_of_any_of_1000_chains(void ** state)
{
	struct house h;

	(void)state;
	house_open(&h);
	house_shut(&h);
	expect_opened(&h, 0, 0, 1);
	expect_opened(&h, GROUPS - 1, DEVICES - 1, 1);
	expect_opened(&h, 57, 7, 99);
	expect_opened(&h, 42, 3, 250);
	house_close(&h);
}

static void
a_push_of_a_group_that_nobody_knows_is_not_found(void ** state)
{
	struct group_config config = group_number(GROUPS);
	struct buffer push = {0};
	struct house h;

	(void)state;
	house_open(&h);
	house_shut(&h);
	push_of(&push, &config, GROUPS, 0, 1, "who is it?");
	assert_int_equal(open_elsewhere(h.folder, buffer_all(&push), "x"), 3);
	buffer_free(&push);
	house_close(&h);
}

static void
what_is_no_push_is_refused_and_a_missing_file_is_not_made(void ** state)
{
	struct berty_push_config config = {.size = sizeof(config),
	    .key = store_key, .wait_ms = 40};
	struct berty_push_message * m = NULL;
	struct berty_error err = {0};
	char path[80];
	struct house h;

	(void)state;
	house_open(&h);
	config.folder = h.folder;
	/* Somebody has it open for longer than we wait. */
	assert_int_equal(berty_push_open_text(&config, "AAAA", &m, &err),
	    -BERTY_ERR_DB_OPEN);
	house_shut(&h);
	assert_int_equal(berty_push_open_text(&config, "AAAA", &m, &err),
	    -BERTY_ERR_PUSH_UNABLE_TO_DECRYPT);
	assert_int_equal(berty_push_open_text(&config, "?", &m, &err),
	    -BERTY_ERR_INVALID_INPUT);
	assert_int_equal(berty_push_open(NULL, "", 0, &m, &err),
	    -BERTY_ERR_INVALID_INPUT);
	(void)snprintf(path, sizeof(path), "%s/berty.sqlite" PUSH_FILE_SUFFIX,
	    h.folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(berty_push_open_text(&config, "AAAA", &m, &err),
	    -BERTY_ERR_NOT_FOUND);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_null(m);
	house_close(&h);
}

int
main(int argc, char ** argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_process_of_24_mib_opens_a_push_of_any_of_1000_chains),
		cmocka_unit_test(
		    a_push_of_a_group_that_nobody_knows_is_not_found),
		cmocka_unit_test(
		    what_is_no_push_is_refused_and_a_missing_file_is_not_made),
	};

	if (argc == 4 && strcmp(argv[0], "opener") == 0)
		return (opener(argv));
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
