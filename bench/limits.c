/* limits.c: what the machine can do, in the same run as what we do with it. */
#include <fcntl.h>
#include <unistd.h>

#include "bench.h"
#include "crypto/crypto.h"

#define REPEATS 5
#define PAGE 4096
#define PAGES 256

/* Pages written and synced per second, in a file that has its size. */
static double
sync_rate(int fd, bool grow)
{
	static const uint8_t page[PAGE] = {1};
	double began = seconds(), now;
	unsigned n = 0;

	do {
		off_t at = (off_t)(grow ? PAGES + n : n % PAGES) * PAGE;

		if (pwrite(fd, page, PAGE, at) != PAGE || fdatasync(fd) != 0)
			return (-1);
		n++;
	} while ((now = seconds()) - began < 0.3);
	return (n / (now - began));
}

static int
bench_disk(const struct bench * b)
{
	static const uint8_t page[PAGE];
	char path[500];
	int fd, i, rc = -1;

	snprintf(path, sizeof(path), "%s/sync", b->folder);
	if ((fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600)) < 0)
		return (-1);
	for (i = 0; i < PAGES; i++)
		if (pwrite(fd, page, PAGE, (off_t)i * PAGE) != PAGE)
			goto out;
	if (fsync(fd) != 0)
		goto out;
	for (i = 0; i < REPEATS; i++) {
		row_add("limit: 4 KiB overwritten and synced", "1/s",
		    sync_rate(fd, false));
		row_add("limit: 4 KiB appended and synced", "1/s",
		    sync_rate(fd, true));
	}
	rc = 0;
out:
	close(fd);
	unlink(path);
	return (rc);
}

static void
bench_signatures(void)
{
	const uint8_t seed[32] = {7};
	const uint8_t text[256] = {1};
	struct slice message = slice_of(text, sizeof(text));
	struct ed25519_key key;
	uint8_t sig[64];
	unsigned i, n;
	double began;

	ed25519_from_seed(&key, seed);
	for (i = 0; i < REPEATS; i++) {
		began = seconds();
		for (n = 0; n < 2000; n++)
			ed25519_sign(sig, &key, message);
		row_add("limit: Ed25519 signatures, one core", "1/s",
		    n / (seconds() - began));
		began = seconds();
		for (n = 0; n < 2000; n++)
			if (ed25519_verify(sig, key.pub, message) != 0)
				return;
		row_add("limit: Ed25519 verifications, one core", "1/s",
		    n / (seconds() - began));
	}
}

int
bench_limits(const struct bench * b)
{
	progress("the disk's syncs, and signatures");
	bench_signatures();
	return (bench_disk(b));
}
