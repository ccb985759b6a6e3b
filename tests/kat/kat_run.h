/* kat_run.h: the state of a run; for kat.c and kat_json.c only. */
#ifndef BERTY_KAT_RUN_H
#define BERTY_KAT_RUN_H

#include "kat.h"

/* A buffer that lives as long as the vector. */
struct kat_scratch {
	struct kat_scratch * next;
	struct buffer bytes;
};

struct kat {
	const char * path;              /* file at hand */
	char name[256];                 /* vector at hand */
	unsigned failures;              /* of the vector at hand */
	struct kat_scratch * scratch;   /* of the vector at hand */
	unsigned passed, failed;        /* vectors */
};

#endif /* !BERTY_KAT_RUN_H */
