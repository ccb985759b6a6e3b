#include <sodium.h>

#include "world/sqlite/store_impl.h"

enum {
	NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	PLACE = 8 + 8 + NAME_SIZE,
};

struct seal {
	uint8_t value[32];
	uint8_t name[32];
};

static void
derive(uint8_t out[32], const uint8_t key[STORE_KEY_SIZE], const char * use)
{
	struct slice text = slice_text(use);

	(void)crypto_generichash(out, 32, text.p, text.n, key, STORE_KEY_SIZE);
}

static void
put_be64(uint8_t * p, uint64_t v)
{
	int i;

	for (i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

static void
place_bytes(uint8_t out[PLACE], const struct place * place)
{
	put_be64(out, place->table);
	put_be64(out + 8, place->at);
	memcpy(out + 16, place->name, NAME_SIZE);
}

struct seal *
seal_new(const uint8_t key[STORE_KEY_SIZE])
{
	struct seal * seal;

	if (sodium_init() < 0)
		return (NULL);
	if ((seal = sodium_malloc(sizeof(*seal))) == NULL)
		return (NULL);
	derive(seal->value, key, "berty store values 1");
	derive(seal->name, key, "berty store names 1");
	return (seal);
}

void
seal_free(struct seal * seal)
{
	sodium_free(seal);
}

void
seal_name(const struct seal * seal, uint64_t table, uint64_t scope,
    struct slice name, uint8_t hash[NAME_SIZE])
{
	crypto_generichash_state state;
	uint8_t where[16];

	put_be64(where, table);
	put_be64(where + 8, scope);
	(void)crypto_generichash_init(&state, seal->name, 32, NAME_SIZE);
	(void)crypto_generichash_update(&state, where, sizeof(where));
	(void)crypto_generichash_update(&state, name.p, name.n);
	(void)crypto_generichash_final(&state, hash, NAME_SIZE);
	sodium_memzero(&state, sizeof(state));
}

int
seal_value(const struct seal * seal, struct world * w,
    const struct place * place, struct slice value, struct buffer * out)
{
	uint8_t where[PLACE];
	uint8_t * p;

	if ((p = buffer_grow(out, NONCE + value.n + TAG)) == NULL)
		return (-ERR_INTERNAL);
	place_bytes(where, place);
	world_random(w, p, NONCE);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(p + NONCE, NULL,
	    value.p, value.n, where, sizeof(where), NULL, p, seal->value);
	return (0);
}

int
seal_open(const struct seal * seal, const struct place * place,
    struct slice sealed, struct buffer * out)
{
	size_t before = out->n;
	uint8_t where[PLACE];
	uint8_t empty[1];
	uint8_t * p;
	size_t n;

	if (sealed.n < NONCE + TAG)
		return (-ERR_DB_READ);
	n = sealed.n - NONCE - TAG;
	p = n == 0 ? empty : buffer_grow(out, n);
	if (p == NULL)
		return (-ERR_INTERNAL);
	place_bytes(where, place);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(p, NULL, NULL,
	    sealed.p + NONCE, sealed.n - NONCE, where, sizeof(where), sealed.p,
	    seal->value) != 0) {
		out->n = before;
		return (-ERR_DB_READ);
	}
	return (0);
}
