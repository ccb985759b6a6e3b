/*
 * auth_form.h: names and values as URLs and forms carry them
 * (application/x-www-form-urlencoded).  Pure.
 */
#ifndef BERTY_SERVICES_AUTH_FORM_H
#define BERTY_SERVICES_AUTH_FORM_H

#include "base/buffer.h"

/* Append a text so that it can stand in a query or a form. */
void auth_form_escape(struct buffer * out, struct slice text);

/*
 * The first value of a name, appended without its escapes; false: there is
 * none.  Pairs that are malformed are passed over, as in Go.
 */
bool auth_form_get(struct buffer * out, struct slice form, const char * name);

/* The query of a URL, without ? and fragment. */
struct slice auth_form_query(struct slice url);

/* Append a text so that it can stand in HTML, also inside of quotes. */
void auth_form_html(struct buffer * out, struct slice text);

#endif /* !BERTY_SERVICES_AUTH_FORM_H */
