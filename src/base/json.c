#include "base/json.h"

/* How many bytes of valid UTF-8 begin at p: 1 to 4, or 0. */
static size_t
utf8_len(const unsigned char *p, size_t n)
{
	uint32_t c;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (n < len)
		return 0;
	c = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	/* Overlong, surrogates, past the end of Unicode (RFC 3629, 3); and the
	 * C1 controls, which some terminals obey. */
	if ((len == 2 && c < 0xa0) || (len == 3 && c < 0x800) ||
	    (c >= 0xd800 && c <= 0xdfff) || (len == 4 && c < 0x10000) ||
	    c > 0x10ffff)
		return 0;
	return len;
}

size_t
pd_json_next(struct pd_str s, size_t *at, char out[PD_JSON_PIECE])
{
	const unsigned char *p = (const unsigned char *)s.p + *at;
	size_t len = utf8_len(p, s.n - *at);

	*at += len > 0 ? len : 1;
	if (len == 0 || *p < ' ' || *p == 0x7f)
		return (size_t)snprintf(out, PD_JSON_PIECE, "\\u%04x", *p);
	if (*p == '"' || *p == '\\')
		return (size_t)snprintf(out, PD_JSON_PIECE, "\\%c", *p);
	memcpy(out, p, len);
	return len;
}

void
pd_json_write(FILE *f, struct pd_str s)
{
	char piece[PD_JSON_PIECE];

	putc('"', f);
	for (size_t i = 0; i < s.n;) {
		size_t n = pd_json_next(s, &i, piece);

		fwrite(piece, 1, n, f);
	}
	putc('"', f);
}
