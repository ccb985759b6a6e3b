/* kat_bitswap.h: what a capture checks of the bitswap messages in it. */
#ifndef BERTY_KAT_BITSWAP_H
#define BERTY_KAT_BITSWAP_H

#include "kat.h"

/* A message of a capture, whose client asked for the file's head alone. */
void kat_bitswap_sent(struct kat * k, const cJSON * root, struct slice bytes);

#endif /* !BERTY_KAT_BITSWAP_H */
