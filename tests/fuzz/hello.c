/*
 * First bytes of connections: the answer to a beginning is never taken back as
 * more comes, a name keeps to its bounds, and a whole hello says the same when
 * it is cut into records of one byte.
 */
#include <assert.h>
#include <stdlib.h>

#include "net/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The records' content again, a byte in each; 0: it does not fit. */
static size_t
cut_up(struct pd_str in, char *out, size_t room)
{
	size_t n = 0;

	while (in.n >= 5) {
		size_t len = (size_t)(unsigned char)in.p[3] << 8 |
			     (unsigned char)in.p[4];

		in = pd_str_of(in.p + 5, in.n - 5);
		for (size_t i = 0; i < len && i < in.n; i++) {
			if (room - n < 6)
				return 0;
			memcpy(out + n, "\x16\x03\x01\0\1", 5);
			out[n + 5] = in.p[i];
			n += 6;
		}
		len = len < in.n ? len : in.n;
		in = pd_str_of(in.p + len, in.n - len);
		/* Behind the message anything may stand. */
		if (n / 6 >= 4 &&
		    n / 6 - 4 >= ((size_t)(unsigned char)out[11] << 16 |
				     (size_t)(unsigned char)out[17] << 8 |
				     (unsigned char)out[23]))
			return n;
	}
	return n;
}

static void
check_beginnings(struct pd_str s, enum pd_hello_result whole)
{
	enum pd_hello_kind kind = PD_HELLO_UNSURE;
	bool bad = false;

	for (size_t n = 0; n <= s.n; n += 1 + n / 64) {
		struct pd_str part = pd_str_of(s.p, n);
		enum pd_hello_kind now = pd_hello_kind(part);
		struct pd_hello h;

		assert(kind == PD_HELLO_UNSURE || now == kind);
		kind = now;
		bad = bad || pd_hello_read(part, &h) == PD_HELLO_BAD;
	}
	assert(!bad || whole == PD_HELLO_BAD);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char cut[PD_HELLO_MAX];
	struct pd_str s = pd_str_of((const char *)data, size);
	struct pd_hello a, b;
	enum pd_hello_result r = pd_hello_read(s, &a);
	size_t n;

	assert(a.name_len <= sizeof(a.name));
	assert(r != PD_HELLO_MORE || size < PD_HELLO_MAX);
	check_beginnings(s, r);
	if (r != PD_HELLO_DONE)
		return 0;
	assert(a.version >> 8 == 3);
	n = cut_up(s, cut, sizeof(cut));
	if (n == 0 || n == sizeof(cut))
		return 0;
	assert(pd_hello_read(pd_str_of(cut, n), &b) == PD_HELLO_DONE);
	assert(b.name_len == a.name_len && b.version == a.version &&
	       b.h2 == a.h2 && b.http1 == a.http1 &&
	       memcmp(a.name, b.name, a.name_len) == 0);
	return 0;
}
