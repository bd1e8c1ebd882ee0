/*
 * Content codings off: the first byte chooses coding and pieces, the rest is
 * the body. In pieces it must come to the same as whole.
 */
#include <event2/buffer.h>
#include <stdlib.h>

#include "filters/coding/unpack.h"

#define MADE_MAX (256 * 1024)

static const enum pd_coding codings[] = { PD_CODING_GZIP, PD_CODING_DEFLATE,
	PD_CODING_BR, PD_CODING_ZSTD };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* -1: the limit was reached. */
static int
run(enum pd_coding c, const uint8_t *p, size_t n, size_t piece, size_t room,
    struct evbuffer *out)
{
	struct pd_unpack *u = pd_unpack_create(c);
	struct evbuffer *in = evbuffer_new();
	enum pd_unpack_result r = PD_UNPACK_MORE;
	size_t at = 0, k, had;

	while (r == PD_UNPACK_MORE) {
		k = n - at < piece ? n - at : piece;
		evbuffer_add(in, p + at, k);
		at += k;
		do {
			had = evbuffer_get_length(out);
			r = pd_unpack_step(u, in, out, room, at == n);
			if (evbuffer_get_length(out) - had > room)
				abort();
		} while (r == PD_UNPACK_MORE &&
			 evbuffer_get_length(out) - had == room &&
			 evbuffer_get_length(out) < MADE_MAX);
		if (evbuffer_get_length(out) >= MADE_MAX)
			break;
		if (r == PD_UNPACK_MORE && at == n)
			abort(); /* the end must be told */
	}
	if (r == PD_UNPACK_END && evbuffer_get_length(in) > 0)
		abort();
	if (pd_unpack_made(u) != (int64_t)evbuffer_get_length(out))
		abort();
	pd_unpack_destroy(u);
	evbuffer_free(in);
	return evbuffer_get_length(out) >= MADE_MAX ? -1 : (int)r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evbuffer *a = evbuffer_new(), *b = evbuffer_new();
	enum pd_coding c;
	size_t piece, room, n;
	int ra, rb;

	if (size > 0) {
		c = codings[data[0] & 3];
		piece = (data[0] >> 2 & 7) + 1;
		room = data[0] & 0x80 ? 7 : 5000;
		ra = run(c, data + 1, size - 1, size, 16384, a);
		rb = run(c, data + 1, size - 1, piece, room, b);
		/* libzstd takes an empty last block for a wrong length in
		 * pieces, but not whole. */
		if (ra >= 0 && rb >= 0 && ra != rb && c != PD_CODING_ZSTD)
			abort();
		n = evbuffer_get_length(a);
		if (ra == PD_UNPACK_END && rb == PD_UNPACK_END &&
		    (n != evbuffer_get_length(b) ||
			(n > 0 && memcmp(evbuffer_pullup(a, -1),
				      evbuffer_pullup(b, -1), n) != 0)))
			abort();
	}
	evbuffer_free(a);
	evbuffer_free(b);
	return 0;
}
