/*
 * A node in a process that may have 24 MiB catches up on a long history.
 *
 * The limit is RLIMIT_DATA: all that the process may write to, whether it is
 * resident or not, is counted, and an allocation beyond fails.  What was
 * resident at most, with the code of the libraries, is read from the system.
 */
#include "library/library_fixture.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MESSAGES = 10000,
	LIMIT_KIB = 24 * 1024,
	STACK_KIB = 512,          /* of each thread, counted too */
	CATCH_UP_MS = 240000,
};

/* --- the reader, a process of its own -------------------------------------- */

static void
limit(int what, rlim_t kib)
{
	struct rlimit r = {kib * 1024, kib * 1024};

	if (setrlimit(what, &r) != 0)
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

static void
open_reader(struct party * p, struct berty * b, const char * folder,
    const char * peer)
{
	const char * peers[] = {peer, NULL};
	struct berty_node_config config = {.size = sizeof(config),
	    .folder = folder, .static_peers = peers};

	p->b = b;
	CALL_OK(berty_open(b, &config, &p->node, NULL));
}

static void
join_group(struct party * p, const char * folder, const uint8_t group[32])
{
	uint8_t bytes[600];
	struct berty_writer join = {bytes, sizeof(bytes), 0};
	uint8_t invitation[500];
	char path[500];
	size_t n;
	FILE * f;
	KEY_REQUEST(activate, group);

	(void)snprintf(path, sizeof(path), "%s/invitation", folder);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(invitation, 1, sizeof(invitation), f);
	(void)fclose(f);
	berty_put_bytes(&join, 1, invitation, n);
	tell(p, "MultiMemberGroupJoin", &join);
	insist(p, "ActivateGroup", &activate);
}

/* Read until there are n messages; the exit code of the process. */
static int
reader(char ** argv)
{
	size_t n = strtoul(argv[4], NULL, 10);
	uint64_t until = now_ms() + CATCH_UP_MS;
	struct party p = {0};
	struct reading r = {0};
	uint8_t group[32];
	struct berty * b;
	unsigned byte;
	int i;

	for (i = 0; i < 32; i++) {
		if (sscanf(argv[3] + 2 * i, "%2x", &byte) != 1)
			return (2);
		group[i] = (uint8_t)byte;
	}
	CALL_OK(berty_new(NULL, &b, NULL));
	open_reader(&p, b, argv[1], argv[2]);
	if (n == 1)
		join_group(&p, argv[1], group);
	else {
		KEY_REQUEST(activate, group);

		insist(&p, "ActivateGroup", &activate);
	}
	read_messages(&p, group, &r, false);
	while (r.n < n && now_ms() < until)
		let_pass(b, 50);
	printf("%zu of %zu messages, at most %ld KiB resident\n", r.n, n,
	    peak_memory());
	(void)fflush(stdout);
	berty_free(b);
	if (r.n < n)
		return (3);
	return (peak_memory() <= LIMIT_KIB ? 0 : 4);
}

/* --- the writer ----------------------------------------------------------- */

static pid_t
begin_reader(const char * folder, const char * listener,
    const uint8_t group[32], unsigned n)
{
	char key[65], count[20];
	pid_t pid;
	int i;

	for (i = 0; i < 32; i++)
		(void)snprintf(key + 2 * i, 3, "%02x", group[i]);
	(void)snprintf(count, sizeof(count), "%u", n);
	(void)fflush(NULL);
	if ((pid = fork()) == 0) {
		limit(RLIMIT_STACK, STACK_KIB);
		limit(RLIMIT_DATA, LIMIT_KIB);
		execl("/proc/self/exe", "reader", folder, listener, key, count,
		    (char *)NULL);
		_exit(9);
	}
	assert_true(pid > 0);
	return (pid);
}

static void
end_reader(struct party * p, pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0)
		let_pass(p->b, 20);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
make_group(struct party * p, const char * folder, uint8_t group[32])
{
	struct berty_field invitation;
	char path[500];
	void * reply;
	size_t n;
	FILE * f;

	reply = must(p, "MultiMemberGroupCreate", NULL, &n);
	copy_field(group, reply, n, 1);
	berty_bytes_free(reply, n);
	{
		KEY_REQUEST(ask_for, group);

		reply = must(p, "MultiMemberGroupInvitationCreate", &ask_for,
		    &n);
	}
	invitation = berty_get(reply, n, 1);
	(void)snprintf(path, sizeof(path), "%s/invitation", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(invitation.p, 1, invitation.n, f),
	    invitation.n);
	assert_int_equal(fclose(f), 0);
	berty_bytes_free(reply, n);
}

static void
a_process_of_24_mib_catches_up_on_10000_messages(void ** state)
{
	char folder[] = "/tmp/berty-memory.XXXXXX", text[80], command[80];
	struct party p = {0};
	uint8_t group[32];
	struct berty * b;
	unsigned i;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(folder));
	CALL_OK(berty_new(NULL, &b, NULL));
	party_open(&p, b, NULL);
	make_group(&p, folder, group);
	/* It joins, gets our key, reads one message, and goes. */
	pid = begin_reader(folder, p.listener, group, 1);
	for (i = 0; waitpid(pid, NULL, WNOHANG) == 0 && i < 3000; i++) {
		say(&p, group, "are you there?");
		let_pass(b, 100);
	}
	for (i = 0; i < MESSAGES; i++) {
		(void)snprintf(text, sizeof(text), "message %u, as long as "
		    "messages are: some words, not many more", i);
		say(&p, group, text);
	}
	pid = begin_reader(folder, p.listener, group, MESSAGES);
	end_reader(&p, pid);
	berty_free(b);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
}

int
main(int argc, char ** argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_process_of_24_mib_catches_up_on_10000_messages),
	};

	if (argc == 5 && strcmp(argv[0], "reader") == 0)
		return (reader(argv));
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
