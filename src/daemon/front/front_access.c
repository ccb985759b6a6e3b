/* front_access.c: who may call, and from which pages. */
#include "daemon/front/front_impl.h"

/* How long a browser may remember what it was told, s. */
#define PREFLIGHT_S "600"

bool
front_judge_origin(const struct front * f, struct http_request * r)
{
	struct slice origin = http_header(r, "Origin");

	if (origin.n == 0)
		return (true);
	if (f->options.access == NULL ||
	    !access_allows_origin(f->options.access, origin)) {
		front_answer(r, 403, "pages of this origin may not call: "
		    "-node.web-origins has those that may");
		return (false);
	}
	/* What comes from a header of MHD ends with a NUL. */
	(void)http_set(r, "Access-Control-Allow-Origin",
	    (const char *)origin.p);
	(void)http_set(r, "Access-Control-Allow-Credentials", "true");
	(void)http_set(r, "Access-Control-Expose-Headers", "Content-Type, "
	    "Date, Vary, grpc-status, grpc-message, grpc-status-details-bin");
	(void)http_set(r, "Vary", "Origin");
	return (true);
}

void
front_preflight(struct http_request * r)
{
	struct slice wanted = http_header(r, "Access-Control-Request-Headers");

	(void)http_set(r, "Access-Control-Allow-Methods", "POST, GET");
	if (wanted.n > 0)
		(void)http_set(r, "Access-Control-Allow-Headers",
		    (const char *)wanted.p);
	if (http_header(r, "Access-Control-Request-Private-Network").n > 0)
		(void)http_set(r, "Access-Control-Allow-Private-Network",
		    "true");
	(void)http_set(r, "Access-Control-Max-Age", PREFLIGHT_S);
	http_answer(r, 204, slice_of(NULL, 0));
}

const char *
front_judge_token(const struct front_listener * l,
    const struct api_service * service, struct slice authorization,
    uint64_t * id)
{
	const struct access * access = l->front->options.access;
	enum access_verdict verdict;

	*id = 0;
	if (!l->guarded || access == NULL ||
	    (service != NULL && service->own_access))
		return (NULL);
	verdict = access_check(access, authorization, id);
	return (verdict == ACCESS_GRANTED ? NULL : access_advice(verdict));
}
