#include "api/call.h"

void
api_answer(struct api_call * call, const void * message)
{
	(void)call->transport->reply(call, message);
	call->transport->finish(call, NULL);
}

void
api_fail(struct api_call * call, const struct error * err)
{
	call->transport->finish(call, err);
}
