/*
 * The main() of a fuzz target that is built without libFuzzer.
 *
 *   fuzz_x FILE|FOLDER…                 replay inputs that were kept
 *   fuzz_x [-runs=N] [-seed=S] [-max_total_time=SECONDS]
 *                                       run made-up inputs, the same for the
 *                                       same seed; some are mutations of what
 *                                       is in corpus/<target>/
 *
 * The input at hand is kept in a mapped file, so that it outlives a crash.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"

#ifndef BERTY_FUZZ_CORPUS
#define BERTY_FUZZ_CORPUS "fuzz/corpus"
#endif

enum { INPUT_MAX = 4096, CORPUS_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t * data, size_t n);

/* What outlives the child that runs the inputs. */
struct last {
	uint64_t seed, run;
	size_t n;
	uint8_t bytes[INPUT_MAX];
};

struct corpus {
	struct buffer file[CORPUS_MAX];
	size_t n;
};

static uint64_t
next_random(uint64_t * state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15U;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return (z ^ z >> 31);
}

static size_t
below(uint64_t * state, size_t n)
{
	return (n == 0 ? 0 : (size_t)(next_random(state) % n));
}

static int
read_whole(struct buffer * b, const char * path)
{
	uint8_t * to;
	size_t n;
	FILE * f;

	if ((f = fopen(path, "rb")) == NULL)
		return (-1);
	do {
		if ((to = buffer_grow(b, 65536)) == NULL)
			break;
		n = fread(to, 1, 65536, f);
		b->n -= 65536 - n;
	} while (n > 0);
	(void)fclose(f);
	return (b->failed ? -1 : 0);
}

static int
visible(const struct dirent * entry)
{
	return (entry->d_name[0] != '.');
}

/* Call `each` with every file under the path. */
static unsigned
walk(const char * path, void (*each)(void * user, const char * path),
    void * user)
{
	struct dirent ** entries;
	char inner[4096];
	struct stat st;
	unsigned count = 0;
	int i, n;

	if (stat(path, &st) != 0)
		return (0);
	if (!S_ISDIR(st.st_mode)) {
		each(user, path);
		return (1);
	}
	if ((n = scandir(path, &entries, visible, alphasort)) < 0)
		return (0);
	for (i = 0; i < n; i++) {
		(void)snprintf(inner, sizeof(inner), "%s/%s", path,
		    entries[i]->d_name);
		count += walk(inner, each, user);
		free(entries[i]);
	}
	free(entries);
	return (count);
}

static void
replay_file(void * user, const char * path)
{
	struct buffer b = {0};

	(void)user;
	(void)fprintf(stderr, "%s\n", path);
	if (read_whole(&b, path) == 0)
		(void)LLVMFuzzerTestOneInput(b.p, b.n);
	buffer_free(&b);
}

static void
keep_file(void * user, const char * path)
{
	struct corpus * corpus = user;

	if (corpus->n < CORPUS_MAX &&
	    read_whole(&corpus->file[corpus->n], path) == 0)
		corpus->n++;
}

static void
insert(struct last * in, size_t at, const uint8_t * p, size_t n)
{
	if (n > INPUT_MAX - in->n)
		n = INPUT_MAX - in->n;
	memmove(in->bytes + at + n, in->bytes + at, in->n - at);
	if (n > 0)
		memmove(in->bytes + at, p, n);
	in->n += n;
}

/* One change somewhere. */
static void
mutate(struct last * in, uint64_t * state)
{
	static const uint8_t telling[] = {0, 1, 0x7f, 0x80, 0xff, '/', '=', '%'};
	uint8_t piece[16];
	size_t at = below(state, in->n), n, i;

	switch (below(state, 6)) {
	case 0:
		if (in->n > 0)
			in->bytes[at] ^= (uint8_t)(1U << below(state, 8));
		break;
	case 1:
		if (in->n > 0)
			in->bytes[at] =
			    telling[below(state, sizeof(telling))];
		break;
	case 2:
		n = 1 + below(state, sizeof(piece));
		for (i = 0; i < n; i++)
			piece[i] = (uint8_t)next_random(state);
		insert(in, at, piece, n);
		break;
	case 3:
		n = below(state, in->n - at + 1);
		memmove(in->bytes + at, in->bytes + at + n, in->n - at - n);
		in->n -= n;
		break;
	case 4:
		in->n = at;
		break;
	default:
		n = below(state, in->n - at + 1);
		if (n > sizeof(piece))
			n = sizeof(piece);
		if (n > 0)
			memcpy(piece, in->bytes + at, n);
		insert(in, at, piece, n);
	}
}

/* Half of the inputs begin as one of the corpus, the others as noise. */
static void
make_input(struct last * in, const struct corpus * corpus, uint64_t * state)
{
	const struct buffer * b;
	size_t i, changes = below(state, 8);

	if (corpus->n > 0 && below(state, 2) == 0) {
		b = &corpus->file[below(state, corpus->n)];
		in->n = b->n < INPUT_MAX / 2 ? b->n : INPUT_MAX / 2;
		if (in->n > 0)
			memcpy(in->bytes, b->p, in->n);
	} else {
		in->n = below(state, below(state, 8) == 0 ? 1024 : 64);
		for (i = 0; i < in->n; i++)
			in->bytes[i] = (uint8_t)next_random(state);
	}
	for (i = 0; i < changes; i++)
		mutate(in, state);
}

/* Each run's state follows from the seed and its number alone. */
static void
run_all(struct last * last, const struct corpus * corpus, uint64_t runs,
    uint64_t seconds)
{
	time_t start = time(NULL);
	uint8_t * exact;
	uint64_t state;

	for (last->run = 0; seconds > 0 || last->run < runs; last->run++) {
		if (seconds > 0 && (uint64_t)(time(NULL) - start) >= seconds)
			break;
		state = last->seed * 0x100000001b3U + last->run;
		make_input(last, corpus, &state);
		/* A copy of the exact size, so that the sanitizer sees its end. */
		if ((exact = malloc(last->n + 1)) == NULL)
			break;
		memcpy(exact + 1, last->bytes, last->n);
		(void)LLVMFuzzerTestOneInput(exact + 1, last->n);
		free(exact);
	}
	(void)fprintf(stderr, "%llu runs, seed %llu\n",
	    (unsigned long long)last->run, (unsigned long long)last->seed);
}

/* A file of zeros, mapped; NULL when it cannot be made. */
static struct last *
map_last(const char * path)
{
	void * p;
	int fd;

	if ((fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600)) < 0)
		return (NULL);
	if (ftruncate(fd, sizeof(struct last)) != 0) {
		(void)close(fd);
		return (NULL);
	}
	p = mmap(NULL, sizeof(struct last), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	(void)close(fd);
	return (p == MAP_FAILED ? NULL : p);
}

/* The child died: keep its input as a file of its own. */
static void
report(const struct last * last, const char * target)
{
	char path[256];
	FILE * f;

	(void)snprintf(path, sizeof(path), "crash-%s-%llu-%llu", target,
	    (unsigned long long)last->seed, (unsigned long long)last->run);
	if ((f = fopen(path, "wb")) != NULL) {
		(void)fwrite(last->bytes, 1, last->n, f);
		(void)fclose(f);
	}
	(void)fprintf(stderr, "%s: failed with -seed=%llu in run %llu; its "
	    "input is in %s\n", target, (unsigned long long)last->seed,
	    (unsigned long long)last->run, path);
}

static int
run_child(struct last * last, const char * target, uint64_t runs,
    uint64_t seconds)
{
	static struct corpus corpus;
	char path[4096];
	int status;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/%s", BERTY_FUZZ_CORPUS, target);
	(void)walk(path, keep_file, &corpus);
	if ((pid = fork()) < 0)
		return (2);
	if (pid == 0) {
		run_all(last, &corpus, runs, seconds);
		while (corpus.n > 0)
			buffer_free(&corpus.file[--corpus.n]);
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		return (2);
	while (corpus.n > 0)
		buffer_free(&corpus.file[--corpus.n]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return (0);
	report(last, target);
	return (1);
}

static uint64_t
option(const char * argument, const char * name, uint64_t otherwise)
{
	size_t n = strlen(name);

	return (strncmp(argument, name, n) == 0
	        ? strtoull(argument + n, NULL, 10) : otherwise);
}

int
main(int argc, char ** argv)
{
	const char * slash = strrchr(argv[0], '/');
	const char * target = slash == NULL ? argv[0] : slash + 1;
	uint64_t runs = 20000, seed = 1, seconds = 0;
	unsigned replayed = 0, named = 0;
	struct last * last;
	char path[256];
	int i, status;

	for (i = 1; i < argc; i++) {
		runs = option(argv[i], "-runs=", runs);
		seed = option(argv[i], "-seed=", seed);
		seconds = option(argv[i], "-max_total_time=", seconds);
		if (argv[i][0] != '-') {
			named++;
			replayed += walk(argv[i], replay_file, NULL);
		}
	}
	if (named > 0) {
		(void)fprintf(stderr, "%u inputs replayed\n", replayed);
		return (0);
	}
	(void)snprintf(path, sizeof(path), "/tmp/%s.%ld.last", target,
	    (long)getpid());
	if ((last = map_last(path)) == NULL)
		return (2);
	last->seed = seed;
	status = run_child(last, target, runs, seconds);
	(void)munmap(last, sizeof(*last));
	(void)unlink(path);
	return (status);
}
