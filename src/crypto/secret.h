/*
 * secret.h: one locked arena for secrets, so that they reach neither swap nor
 * a core dump and are wiped when freed.
 */
#ifndef BERTY_CRYPTO_SECRET_H
#define BERTY_CRYPTO_SECRET_H

#include <stddef.h>

struct secret_arena;

/*
 * An arena that grows by locked pages as secrets are put in; NULL without
 * memory.  Where the system refuses to lock, secrets are still wiped.
 */
struct secret_arena * secret_arena_new(void);

/* Wipe and free the arena with all that is in it. */
void secret_arena_free(struct secret_arena * arena);

/* n zero bytes (n <= 4,096), 16-byte aligned, or NULL. */
void * secret_new(struct secret_arena * arena, size_t n);

/* Wipe and give back; NULL is fine. */
void secret_free(struct secret_arena * arena, void * p, size_t n);

#endif /* !BERTY_CRYPTO_SECRET_H */
