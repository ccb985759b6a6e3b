/* extension.h: what the files of berty.extension.v1.ExtensionService share. */
#ifndef BERTY_API_EXTENSION_EXTENSION_H
#define BERTY_API_EXTENSION_EXTENSION_H

#include "api/v1/v1.h"
#include "berty/extension/v1/extension.pb-c.h"

/* The generated names, without their prefix. */
#define EXT(name) Berty__Extension__V1__##name
#define EXT_INIT(name) BERTY__EXTENSION__V1__##name##__INIT

/* --- handlers ------------------------------------------------------------- */

void extension_attachment_list(struct api_call * call);
void extension_attachment_pin(struct api_call * call);
void extension_attachment_unpin(struct api_call * call);

void extension_group_setting_list(struct api_call * call);

void extension_services_token_remove(struct api_call * call);

#endif /* !BERTY_API_EXTENSION_EXTENSION_H */
