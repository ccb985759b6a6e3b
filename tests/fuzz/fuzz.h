/* fuzz.h: what the fuzz targets share. */
#ifndef BERTY_FUZZ_H
#define BERTY_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t * data, size_t n);

/* A property that must hold for every input. */
#define FUZZ_CHECK(condition) \
	do { \
		if (!(condition)) { \
			(void)fprintf(stderr, "%s:%d: not so: %s\n", \
			    __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

#endif /* !BERTY_FUZZ_H */
