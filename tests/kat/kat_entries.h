/* kat_entries.h: what the checks of entries share. */
#ifndef BERTY_KAT_ENTRIES_H
#define BERTY_KAT_ENTRIES_H

#include "kat.h"
#include "log/entry.h"

/*
 * Who signed entries: the key they name.  When an address.json beside them
 * gives the secret of that key, entries are also made again.
 */
void kat_entry_signer(struct kat * k, struct slice key,
    struct log_identity * identity);

/* The identity of the whole file. */
void kat_entry_identity(struct kat * k, const cJSON * root);

/* An entry of the file: checked, and made again by us from its parts. */
void kat_entry_check(struct kat * k, const cJSON * json, struct slice address,
    const struct log_identity * identity);

#endif /* !BERTY_KAT_ENTRIES_H */
