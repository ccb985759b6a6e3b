/* methods.c: the calls of berty.extension.v1.ExtensionService. */
#include "api/extension/extension.h"

#define SERVICE "berty.extension.v1.ExtensionService"

/* A call's name, the prefix of its messages in C, its streams, its handler. */
#define METHOD(name, type, client, server, handler) \
	{SERVICE, name, \
	 &berty__extension__v1__##type##__request__descriptor, \
	 &berty__extension__v1__##type##__reply__descriptor, client, server, \
	 handler}

#define UNARY(name, type, handler) METHOD(name, type, false, false, handler)
#define STREAM(name, type, handler) METHOD(name, type, false, true, handler)

static const struct api_method methods[] = {
	STREAM("AttachmentList", attachment_list, extension_attachment_list),
	UNARY("AttachmentPin", attachment_pin, extension_attachment_pin),
	UNARY("AttachmentUnpin", attachment_unpin, extension_attachment_unpin),
	STREAM("GroupSettingList", group_setting_list,
	    extension_group_setting_list),
	UNARY("ServicesTokenRemove", services_token_remove,
	    extension_services_token_remove),
};

const struct api_method *
api_extension_methods(size_t * n)
{
	*n = sizeof(methods) / sizeof(methods[0]);
	return (methods);
}
