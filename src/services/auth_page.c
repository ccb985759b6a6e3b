#include "services/auth_page.h"

#include "services/auth_form.h"
#include "services/auth_token.h"

static const char style[] =
    "<style>body{margin:0;background:#3f49ea;font:16px/1.5 sans-serif}"
    "main{max-width:26em;margin:10vh auto;padding:1.5em;background:#fff;"
    "border-radius:12px}h1{color:#3f49ea;font-size:1.4em}"
    "label{display:block;font-weight:600}p{color:#666;margin:.2em 0 1em}"
    ".go{display:inline-block;padding:.5em 1.2em;border:0;border-radius:9px;"
    "background:#e2e4fc;color:#3f49ea;font:inherit;font-weight:600;"
    "text-decoration:none}textarea{width:100%;box-sizing:border-box}"
    "</style>";

static void
head(struct buffer * out, const char * title)
{
	buffer_printf(out, "<!DOCTYPE html>\n<html lang=\"en\"><head>"
	    "<meta charset=\"utf-8\"><meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">"
	    "<title>%s</title>", title);
	buffer_text(out, style);
}

/* What a service is, for a person. */
struct known {
	const char * id, * name, * what;
};

static const struct known known[] = {
    {AUTH_REPLICATION, "Replication", "Your groups stay reachable while your "
     "devices are off: a server keeps their messages, sealed."},
    {AUTH_PUSH, "Push notifications", "Your phone is woken when a message "
     "comes; the server does not see what is in it."},
};

static void
ask_one(struct buffer * out, const char * id, bool alone)
{
	const struct known other = {id, id, ""};
	const struct known * k = &other;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].id, id) == 0)
			k = &known[i];
	buffer_text(out, "<label><input type=\"");
	buffer_text(out, alone ? "hidden" : "checkbox");
	buffer_text(out, "\" name=\"");
	auth_form_html(out, slice_text(id));
	buffer_text(out, alone ? "_selected\" value=\"1\"> "
	    : "_selected\" value=\"1\" checked> ");
	auth_form_html(out, slice_text(k->name));
	buffer_text(out, "</label><p>");
	auth_form_html(out, slice_text(k->what));
	buffer_text(out, "</p>");
}

void
auth_page_ask(struct buffer * out, const char * const * services, size_t n,
    const char * privacy_url)
{
	size_t i;

	head(out, "Connect Berty");
	buffer_text(out, "</head><body><main><h1>Connect Berty</h1>"
	    "<form method=\"post\">");
	for (i = 0; i < n; i++)
		ask_one(out, services[i], n == 1);
	buffer_text(out, "<button class=\"go\" type=\"submit\">Connect"
	    "</button></form>");
	if (privacy_url != NULL) {
		buffer_text(out, "<p><a href=\"");
		auth_form_html(out, slice_text(privacy_url));
		buffer_text(out, "\">Privacy policy</a></p>");
	}
	buffer_text(out, "</main></body></html>\n");
}

void
auth_page_back(struct buffer * out, struct slice url)
{
	head(out, "Back to Berty");
	buffer_text(out, "<meta http-equiv=\"refresh\" content=\"0; url=");
	auth_form_html(out, url);
	buffer_text(out, "\"></head><body><main><h1>Back to Berty</h1>"
	    "<p><a class=\"go\" href=\"");
	auth_form_html(out, url);
	buffer_text(out, "\">Continue</a></p><p>If nothing opens, give this "
	    "to <code>berty services complete</code>:</p>"
	    "<textarea rows=\"6\" readonly>");
	auth_form_html(out, url);
	buffer_text(out, "</textarea></main></body></html>\n");
}

void
auth_page_wrong(struct buffer * out, const char * text)
{
	head(out, "Berty");
	buffer_text(out, "</head><body><main><h1>This does not work</h1><p>");
	auth_form_html(out, slice_text(text));
	buffer_text(out, "</p></main></body></html>\n");
}
