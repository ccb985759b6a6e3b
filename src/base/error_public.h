/* error_public.h: errors as they cross the border of the library. */
#ifndef BERTY_BASE_ERROR_PUBLIC_H
#define BERTY_BASE_ERROR_PUBLIC_H

#include "base/error.h"
#include "berty/error.h"

/* Copy a chain out; `to` may be NULL.  Returns `status`, for convenience. */
int error_export(struct berty_error * to, const struct error * from,
    int status);

/* Copy a chain in; `to` may be NULL.  Returns `status`. */
int error_import(struct error * to, const struct berty_error * from,
    int status);

#endif /* !BERTY_BASE_ERROR_PUBLIC_H */
