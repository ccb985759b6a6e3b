/* attachment.c: which attachments are kept here. */
#include "api/extension/extension.h"

static void
not_implemented(struct api_call * call)
{
	struct error err = {0};

	(void)error_set(&err, ERR_NOT_IMPLEMENTED,
	    "%s is not part of this version", call->method->name);
	api_fail(call, &err);
}

void
extension_attachment_list(struct api_call * call)
{
	not_implemented(call);
}

void
extension_attachment_pin(struct api_call * call)
{
	not_implemented(call);
}

void
extension_attachment_unpin(struct api_call * call)
{
	not_implemented(call);
}
