/* logger_public.h: the host's logger as the house's. */
#ifndef BERTY_BASE_LOGGER_PUBLIC_H
#define BERTY_BASE_LOGGER_PUBLIC_H

#include "base/logger.h"
#include "berty/log.h"

/* A logger that writes to the host's, which it borrows. */
struct logger logger_import(const struct berty_logger * host);

#endif /* !BERTY_BASE_LOGGER_PUBLIC_H */
