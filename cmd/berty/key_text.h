/* key_text.h: keys as flags have them. */
#ifndef BERTY_CMD_KEY_TEXT_H
#define BERTY_CMD_KEY_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* 32 bytes in base64, padded or not; false: it is no key. */
bool key_text_read(const char * text, uint8_t key[32]);

#endif /* !BERTY_CMD_KEY_TEXT_H */
