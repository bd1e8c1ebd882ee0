/* What the tests of each format share. */
#ifndef PD_TEST_SNIFF_HELP_H
#define PD_TEST_SNIFF_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filters/image/sniff.h"
#include "tests/support/images.h"

/* Frees b. */
static inline struct pd_image_info
sniffed(struct image_bytes b)
{
	struct pd_image_info info;

	assert_int_equal(pd_sniff(b.p, b.n, &info), 0);
	free(b.p);
	return info;
}

/*
 * Frees b. Every beginning of it is no image, and reads not one byte too far:
 * the sanitizer sees to that. Of what is behind byte `known`, the size is
 * known.
 */
static inline void
no_beginning_is_whole(struct image_bytes b, size_t known)
{
	struct pd_image_info whole = { 0 }, info;

	assert_int_equal(pd_sniff(b.p, b.n, &whole), 0);
	for (size_t n = 0; n < b.n; n++) {
		uint8_t *exact = malloc(n + 1);

		memcpy(exact + 1, b.p, n);
		if (pd_sniff(exact + 1, n, &info) != -1)
			fail_msg("%zu of %zu bytes are whole", n, b.n);
		if (n >= known) {
			assert_int_equal(info.width, whole.width);
			assert_int_equal(info.height, whole.height);
		}
		assert_in_range(info.orientation, 1, 8);
		free(exact);
	}
	free(b.p);
}

/* Where the bytes begin; fails when they are not there. */
static inline uint8_t *
find(const struct image_bytes *b, const void *what, size_t n)
{
	uint8_t *at = memmem(b->p, b->n, what, n);

	assert_non_null(at);
	return at;
}

#endif
