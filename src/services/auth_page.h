/*
 * auth_page.h: the pages of a server that issues tokens.  They work without
 * scripts, without pictures, and without anything from elsewhere.
 */
#ifndef BERTY_SERVICES_AUTH_PAGE_H
#define BERTY_SERVICES_AUTH_PAGE_H

#include "base/buffer.h"

/* The question: a form with a box for each of n services. */
void auth_page_ask(struct buffer * out, const char * const * services,
    size_t n, const char * privacy_url);

/* The way back: to the URL by itself, by a link, or by hand. */
void auth_page_back(struct buffer * out, struct slice url);

/* What is wrong. */
void auth_page_wrong(struct buffer * out, const char * text);

#endif /* !BERTY_SERVICES_AUTH_PAGE_H */
