#include "base/buf.h"

#include <event2/buffer.h>

/* A quarter of the smallest block that a socket reads into. */
#define SMALL_MAX 1024

void
pd_buf_move(struct evbuffer *from, struct evbuffer *to, size_t n)
{
	char piece[SMALL_MAX];
	size_t held = evbuffer_get_length(from);

	if (n > held)
		n = held;
	if (n <= sizeof(piece)) {
		evbuffer_remove(from, piece, n);
		evbuffer_add(to, piece, n);
	} else if (n == held) {
		evbuffer_add_buffer(to, from);
	} else {
		evbuffer_remove_buffer(from, to, n);
	}
}
