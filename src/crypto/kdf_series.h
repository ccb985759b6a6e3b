/* kdf_series.h: many keys from one secret, when each of them alone would cost
 * the secret's share again. */
#ifndef BERTY_CRYPTO_KDF_SERIES_H
#define BERTY_CRYPTO_KDF_SERIES_H

#include "base/slice.h"

/*
 * out[i] = HKDF-SHA3-256(ikm, no salt, info = prefix ‖ be64(first + i)), 32
 * bytes each; first + i is modulo 2^64.
 */
void hkdf_sha3_256_series(uint8_t (* out)[32], size_t n, struct slice ikm,
    struct slice prefix, uint64_t first);

#endif /* !BERTY_CRYPTO_KDF_SERIES_H */
