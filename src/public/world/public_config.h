/* public_config.h: structs of the caller's version, known by their size. */
#ifndef BERTY_PUBLIC_WORLD_PUBLIC_CONFIG_H
#define BERTY_PUBLIC_WORLD_PUBLIC_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Fill our struct of `size` bytes from the caller's, whose first member is its
 * own size_t size; what the caller's lacks is zero.  from may be NULL: all
 * zeros.  False: smaller than `least`, or it has members we do not know that
 * are not zero.
 */
bool public_config(void * to, size_t size, const void * from, size_t least);

#endif /* !BERTY_PUBLIC_WORLD_PUBLIC_CONFIG_H */
