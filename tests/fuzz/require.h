/* What the fuzz targets share: what has to hold, whatever came in. */
#ifndef PD_FUZZ_REQUIRE_H
#define PD_FUZZ_REQUIRE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(what)            \
	do {                     \
		if (!(what))     \
			abort(); \
	} while (0)

#endif
