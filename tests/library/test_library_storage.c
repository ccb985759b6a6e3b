/* Files of the host's: a storage in memory, whose syncs come from a thread. */
#include <pthread.h>

#include "berty/storage.h"
#include "library/library_fixture.h"

enum { FILES = 8 };

struct memory_file {
	char name[64];
	uint8_t * p;
	size_t n;
	bool there;
};

struct memory {
	pthread_mutex_t lock;
	struct memory_file files[FILES];
	int fail_sync;            /* that many of the next ones fail */
	bool fail_write;
	size_t syncs;
	size_t open;
};

static struct memory_file *
find(struct memory * m, const char * name, bool make)
{
	size_t i;

	for (i = 0; i < FILES; i++)
		if (m->files[i].there && strcmp(m->files[i].name, name) == 0)
			return (&m->files[i]);
	for (i = 0; make && i < FILES; i++) {
		if (m->files[i].there)
			continue;
		(void)snprintf(m->files[i].name, sizeof(m->files[i].name),
		    "%s", name);
		m->files[i].there = true;
		m->files[i].n = 0;
		return (&m->files[i]);
	}
	return (NULL);
}

static int
m_open(void * user, const char * name, unsigned flags, void ** file)
{
	struct memory * m = user;

	(void)pthread_mutex_lock(&m->lock);
	*file = find(m, name, (flags & BERTY_STORAGE_CREATE) != 0);
	m->open += *file != NULL;
	(void)pthread_mutex_unlock(&m->lock);
	return (*file == NULL ? -BERTY_ERR_NOT_FOUND : 0);
}

static void
m_close(void * user, void * file)
{
	struct memory * m = user;

	(void)file;
	(void)pthread_mutex_lock(&m->lock);
	m->open--;
	(void)pthread_mutex_unlock(&m->lock);
}

static int
m_read(void * user, void * file, uint64_t offset, void * p, size_t n,
    size_t * got)
{
	struct memory_file * f = file;
	struct memory * m = user;

	(void)pthread_mutex_lock(&m->lock);
	*got = offset >= f->n ? 0 : f->n - (size_t)offset;
	if (*got > n)
		*got = n;
	if (*got > 0)
		memcpy(p, f->p + offset, *got);
	(void)pthread_mutex_unlock(&m->lock);
	return (0);
}

static int
resize(struct memory_file * f, size_t n)
{
	uint8_t * p = realloc(f->p, n + 1);

	if (p == NULL)
		return (-BERTY_ERR_STREAM_WRITE);
	if (n > f->n)
		memset(p + f->n, 0, n - f->n);
	f->p = p;
	f->n = n;
	return (0);
}

static int
m_write(void * user, void * file, uint64_t offset, const void * p, size_t n)
{
	struct memory_file * f = file;
	struct memory * m = user;
	int rc = 0;

	(void)pthread_mutex_lock(&m->lock);
	if (m->fail_write)
		rc = -BERTY_ERR_STREAM_WRITE;
	else if (offset + n > f->n)
		rc = resize(f, (size_t)offset + n);
	if (rc == 0)
		memcpy(f->p + offset, p, n);
	(void)pthread_mutex_unlock(&m->lock);
	return (rc);
}

static int
m_truncate(void * user, void * file, uint64_t size)
{
	struct memory * m = user;
	int rc;

	(void)pthread_mutex_lock(&m->lock);
	rc = resize(file, (size_t)size);
	(void)pthread_mutex_unlock(&m->lock);
	return (rc);
}

static int
m_sync(void * user, void * file)
{
	struct memory * m = user;
	int rc = 0;

	(void)file;
	(void)pthread_mutex_lock(&m->lock);
	m->syncs++;
	if (m->fail_sync > 0) {
		m->fail_sync--;
		rc = -BERTY_ERR_STREAM_WRITE;
	}
	(void)pthread_mutex_unlock(&m->lock);
	return (rc);
}

static int
m_length(void * user, void * file, uint64_t * length)
{
	struct memory_file * f = file;
	struct memory * m = user;

	(void)pthread_mutex_lock(&m->lock);
	*length = f->n;
	(void)pthread_mutex_unlock(&m->lock);
	return (0);
}

static int
m_remove(void * user, const char * name)
{
	struct memory * m = user;
	struct memory_file * f;

	(void)pthread_mutex_lock(&m->lock);
	f = find(m, name, false);
	if (f != NULL)
		f->there = false;
	(void)pthread_mutex_unlock(&m->lock);
	return (f == NULL ? -BERTY_ERR_NOT_FOUND : 0);
}

static int
m_exists(void * user, const char * name, int * exists)
{
	struct memory * m = user;

	(void)pthread_mutex_lock(&m->lock);
	*exists = find(m, name, false) != NULL;
	(void)pthread_mutex_unlock(&m->lock);
	return (0);
}

static struct berty_storage
table_of(struct memory * m)
{
	return ((struct berty_storage){
		.size = sizeof(struct berty_storage),
		.user = m,
		.open = m_open,
		.close = m_close,
		.read = m_read,
		.write = m_write,
		.truncate = m_truncate,
		.sync = m_sync,
		.length = m_length,
		.remove = m_remove,
		.exists = m_exists,
	});
}

static void
memory_free(struct memory * m)
{
	size_t i;

	assert_int_equal(m->open, 0);
	for (i = 0; i < FILES; i++)
		free(m->files[i].p);
}

static const uint8_t key[32] = {9};

static int
open_on(struct party * p, struct berty * b, const struct berty_storage * table,
    const uint8_t * with, struct berty_error * err)
{
	struct berty_node_config config = {
		.size = sizeof(config), .storage = table, .key = with,
	};

	p->b = b;
	return (berty_open(b, &config, &p->node, err));
}

static void
account_of(struct party * p, uint8_t account[32])
{
	void * reply;
	size_t n;

	reply = must(p, "InstanceGetConfiguration", NULL, &n);
	copy_field(account, reply, n, 1);
	berty_bytes_free(reply, n);
}

static void
an_account_lives_in_files_of_the_hosts(void ** state)
{
	struct memory m = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct berty_storage table = table_of(&m);
	uint8_t account[32], group[32], other[32] = {1};
	struct berty_error err = {0};
	struct reading r = {0};
	struct party a = {0};
	struct berty * ctx;
	void * reply;
	size_t n;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	CALL_OK(open_on(&a, ctx, &table, key, NULL));
	account_of(&a, account);
	reply = must(&a, "MultiMemberGroupCreate", NULL, &n);
	copy_field(group, reply, n, 1);
	berty_bytes_free(reply, n);
	say(&a, group, "in my own files");
	assert_true(m.syncs > 0);
	CALL_OK(berty_close(ctx, a.node));
	assert_int_equal(m.open, 0);
	assert_int_equal(open_on(&a, ctx, &table, other, &err),
	    -BERTY_ERR_DB_OPEN);
	CALL_OK(open_on(&a, ctx, &table, key, NULL));
	account_of(&a, other);
	assert_memory_equal(account, other, 32);
	{
		KEY_REQUEST(activate, group);

		insist(&a, "ActivateGroup", &activate);
	}
	read_messages(&a, group, &r, true);
	WAIT_FOR(ctx, r.ended == 1);
	assert_string_equal(r.last, "in my own files");
	berty_free(ctx);
	memory_free(&m);
}

static void
a_sync_that_fails_is_told_and_the_node_is_read_only(void ** state)
{
	struct memory m = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct berty_storage table = table_of(&m);
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	CALL_OK(open_on(&a, ctx, &table, key, NULL));
	tell(&a, "MultiMemberGroupCreate", NULL);
	(void)pthread_mutex_lock(&m.lock);
	m.fail_sync = 1;
	(void)pthread_mutex_unlock(&m.lock);
	assert_int_equal(ask(&a, "MultiMemberGroupCreate", NULL, NULL, NULL,
	    NULL), -BERTY_ERR_DB_WRITE);
	/* For good, though the medium works again. */
	assert_int_equal(ask(&a, "MultiMemberGroupCreate", NULL, NULL, NULL,
	    NULL), -BERTY_ERR_DB_WRITE);
	tell(&a, "InstanceGetConfiguration", NULL);
	berty_free(ctx);
	memory_free(&m);
}

static void
a_write_that_fails_is_told(void ** state)
{
	struct memory m = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct berty_storage table = table_of(&m);
	struct berty_error err = {0};
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	CALL_OK(open_on(&a, ctx, &table, key, NULL));
	(void)pthread_mutex_lock(&m.lock);
	m.fail_write = true;
	(void)pthread_mutex_unlock(&m.lock);
	assert_int_equal(ask(&a, "MultiMemberGroupCreate", NULL, NULL, NULL,
	    &err), -BERTY_ERR_DB_WRITE);
	assert_true(err.text[0] != '\0');
	berty_free(ctx);
	memory_free(&m);
}

static int
no_key(void * user, uint8_t to[32])
{
	(void)to;
	++*(int *)user;
	return (-1);
}

static int
give_key(void * user, uint8_t to[32])
{
	++*(int *)user;
	memcpy(to, key, 32);
	return (0);
}

static void
the_key_comes_from_a_function_or_the_node_is_not_opened(void ** state)
{
	struct memory m = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct berty_storage table = table_of(&m);
	int asked = 0;
	struct berty_node_config config = {
		.size = sizeof(config), .storage = &table, .key_user = &asked,
	};
	struct berty_error err = {0};
	struct berty * ctx;
	berty_id node;

	(void)state;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	assert_int_equal(berty_open(ctx, &config, &node, &err),
	    -BERTY_ERR_DB_OPEN);
	assert_int_equal(err.code[1], BERTY_ERR_KEYSTORE_GET);
	config.get_key = no_key;
	assert_int_equal(berty_open(ctx, &config, &node, &err),
	    -BERTY_ERR_DB_OPEN);
	assert_int_equal(err.code[1], BERTY_ERR_KEYSTORE_GET);
	assert_int_equal(asked, 1);
	config.get_key = give_key;
	CALL_OK(berty_open(ctx, &config, &node, &err));
	assert_int_equal(asked, 2);
	config.folder = "/tmp";
	assert_int_equal(berty_open(ctx, &config, &node, &err),
	    -BERTY_ERR_INVALID_INPUT);
	config.folder = NULL;
	table.sync = NULL;
	assert_int_equal(berty_open(ctx, &config, &node, &err),
	    -BERTY_ERR_INVALID_INPUT);
	berty_free(ctx);
	memory_free(&m);
}

static void
a_folder_is_made_with_its_key_and_opens_again(void ** state)
{
	char folder[] = "/tmp/berty-library-XXXXXX", inner[80], command[120];
	struct berty_node_config config = {.size = sizeof(config)};
	uint8_t account[32], again[32];
	struct party a = {0};
	struct berty * ctx;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(inner, sizeof(inner), "%s/a/b", folder);
	config.folder = inner;
	CALL_OK(berty_new(NULL, &ctx, NULL));
	a.b = ctx;
	CALL_OK(berty_open(ctx, &config, &a.node, NULL));
	account_of(&a, account);
	/* One node at a time on a store. */
	assert_int_equal(berty_open(ctx, &config, &a.node, NULL),
	    -BERTY_ERR_DB_OPEN);
	CALL_OK(berty_close(ctx, a.node));
	CALL_OK(berty_open(ctx, &config, &a.node, NULL));
	account_of(&a, again);
	assert_memory_equal(account, again, 32);
	berty_free(ctx);
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_lives_in_files_of_the_hosts),
		cmocka_unit_test(
		    a_sync_that_fails_is_told_and_the_node_is_read_only),
		cmocka_unit_test(a_write_that_fails_is_told),
		cmocka_unit_test(
		    the_key_comes_from_a_function_or_the_node_is_not_opened),
		cmocka_unit_test(a_folder_is_made_with_its_key_and_opens_again),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
