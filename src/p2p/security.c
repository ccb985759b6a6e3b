#include "p2p/security.h"

const struct security_ops *
security_ops_of(enum security_kind kind)
{
	static const struct security_ops * const all[SECURITY_KINDS] = {
		[SECURITY_NOISE] = &security_noise_ops,
		[SECURITY_TLS] = &tls_ops,
	};

	return (all[kind]);
}
