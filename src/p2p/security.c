#include "p2p/security.h"

#include "base/error.h"

const struct security_ops *
security_ops_of(enum security_kind kind)
{
	static const struct security_ops * const all[SECURITY_KINDS] = {
		[SECURITY_NOISE] = &security_noise_ops,
		[SECURITY_TLS] = &tls_ops,
	};

	return (all[kind]);
}

/* The bit of that name, or 0. */
static unsigned
bit_of(struct slice name)
{
	if (slice_equal(name, slice_text("noise")))
		return (SECURITY_BIT(SECURITY_NOISE));
	if (slice_equal(name, slice_text("tls")))
		return (SECURITY_BIT(SECURITY_TLS));
	return (0);
}

int
security_parse(struct slice list, unsigned * set)
{
	unsigned found = 0, bit;
	struct slice name = list;
	size_t n;

	for (;;) {
		for (n = 0; n < name.n && name.p[n] != ','; n++)
			;
		if ((bit = bit_of(slice_of(name.p, n))) == 0)
			return (-ERR_INVALID_INPUT);
		found |= bit;
		if (n == name.n)
			break;
		name = slice_of(name.p + n + 1, name.n - n - 1);
	}
	*set = found;
	return (0);
}
