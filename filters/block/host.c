#include "filters/block/host.h"

#include <stdlib.h>
#include <sys/random.h>

#include "http/url.h"

#define NAME_MAX_LEN  253 /* RFC 1035, 2.3.4, without the last dot */
#define LABEL_MAX_LEN 63

static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

/* How many labels a lower-case ASCII name has; 0 when it is none. */
static unsigned
count_labels(struct pd_str s)
{
	unsigned labels = 0;

	if (s.n == 0 || s.n > NAME_MAX_LEN)
		return 0;
	for (size_t from = 0; from <= s.n;) {
		size_t end = from;

		while (end < s.n && s.p[end] != '.') {
			if (!is_name_byte(s.p[end]))
				return 0;
			end++;
		}
		if (end == from || end - from > LABEL_MAX_LEN)
			return 0;
		labels++;
		from = end + 1;
	}
	return labels;
}

/* Rare: one allocation for each name that is not plain ASCII. */
static struct pd_str
to_punycode(struct pd_str in, char buf[PD_HOST_TEXT])
{
	struct pd_arena *arena = pd_arena_create();
	struct pd_str ascii = pd_url_host_ascii(in, arena);

	if (ascii.n == 0 || ascii.n > NAME_MAX_LEN)
		ascii = PD_STR("");
	if (ascii.n > 0)
		memcpy(buf, ascii.p, ascii.n);
	pd_arena_destroy(arena);
	return pd_str_of(buf, ascii.n);
}

static bool
to_address(struct pd_str in, char buf[PD_HOST_TEXT], struct pd_str *out)
{
	struct pd_addr addr;
	char text[PD_ADDR_TEXT];

	if (in.n > 2 && in.p[0] == '[' && in.p[in.n - 1] == ']')
		in = pd_str_of(in.p + 1, in.n - 2);
	if (pd_addr_parse(in, &addr) < 0)
		return false;
	*out = pd_str_of(buf, strlen(pd_addr_text(&addr, text)));
	memcpy(buf, text, out->n);
	return true;
}

enum pd_host_form
pd_host_normal(struct pd_str in, char buf[PD_HOST_TEXT], struct pd_str *out)
{
	bool ascii = true;
	unsigned labels;

	*out = pd_str_of(buf, 0);
	if (in.n > 1 && in.p[in.n - 1] == '.')
		in.n--;
	if (in.n == 0 || in.n >= PD_HOST_TEXT)
		return PD_HOST_FORM_BAD;
	/* Before the labels are counted: "1.2.3.4" would be a name too. */
	if (to_address(in, buf, out))
		return PD_HOST_FORM_ADDRESS;
	for (size_t i = 0; i < in.n; i++) {
		buf[i] = pd_lower(in.p[i]);
		if ((unsigned char)buf[i] >= 0x80)
			ascii = false;
	}
	*out = ascii ? pd_str_of(buf, in.n) : to_punycode(in, buf);
	labels = count_labels(*out);
	if (labels == 0)
		return PD_HOST_FORM_BAD;
	return labels == 1 ? PD_HOST_FORM_LABEL : PD_HOST_FORM_NAME;
}

struct pd_host_key
pd_host_key_random(void)
{
	struct pd_host_key key;

	/* 16 bytes are never cut short (getrandom(2)); no key, no safety. */
	if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
		abort();
	return key;
}

bool
pd_host_is_address(struct pd_str host)
{
	size_t i = host.n;

	/* IPv6: a colon stands in no name, and after four digits at most. */
	for (size_t k = 0; k < host.n && k < 5; k++) {
		if (host.p[k] == ':')
			return true;
	}
	while (i > 0 && host.p[i - 1] >= '0' && host.p[i - 1] <= '9')
		i--;
	return i < host.n && (i == 0 || host.p[i - 1] == '.');
}

/* Up to 7 bytes of a host in the low bytes of a word; reads nothing outside of
 * the host. */
static inline uint64_t
load_part(struct pd_str host, size_t at, size_t n)
{
	uint64_t word = 0;

	if (n > 0 && at + 8 <= host.n) {
		memcpy(&word, host.p + at, 8);
		return word & (UINT64_MAX >> (64 - 8 * n));
	}
	if (n > 0 && at + n >= 8) {
		memcpy(&word, host.p + at + n - 8, 8);
		return word >> (64 - 8 * n);
	}
	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)(unsigned char)host.p[at + i] << (8 * i);
	return word;
}

/* The bits of a length in the top bits of the bytes of a word, where ASCII has
 * none: no bytes of a label can stand for another length. */
static inline uint64_t
spread_length(size_t n)
{
	return (n * UINT64_C(0x0002040810204081) & UINT64_C(0x0101010101010101))
	       << 7;
}

/*
 * A label is two words, its first and its last eight bytes, which overlap when
 * it is short; of a longer one 16 bytes at a time.
 */
static inline uint64_t
absorb_label(const struct pd_host_key *key, uint64_t h, struct pd_str host,
    size_t at, size_t n)
{
	uint64_t first, last = 0, length = spread_length(n);

	if (n < 8) {
		first = load_part(host, at, n);
	} else {
		for (; n > 16; at += 16, n -= 16) {
			memcpy(&first, host.p + at, 8);
			memcpy(&last, host.p + at + 8, 8);
			h = pd_host_fold(h ^ first, key->k0 ^ last);
		}
		if (n < 8) {
			/* What is left, and some of what was. */
			at -= 8 - n;
			n = 8;
		}
		memcpy(&first, host.p + at, 8);
		memcpy(&last, host.p + at + n - 8, 8);
	}
	return pd_host_fold(h ^ first ^ length, key->k1 ^ last);
}

/* A set top bit for each byte that is a dot, exactly. */
static inline uint64_t
dots_in_word(uint64_t word)
{
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
	uint64_t x = word ^ UINT64_C(0x2e2e2e2e2e2e2e2e);

	return ~(((x & low) + low) | x | low);
}

/* A bit for each of 8 bytes that is a dot. */
static inline uint64_t
dots_in_8(const char *p)
{
	uint64_t word;

	memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	/* Brings the eight top bits together. */
	return (dots_in_word(word) >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

/* A bit for each of at most 64 bytes that is a dot. */
static inline uint64_t
dots_in(const char *p, size_t n)
{
	uint64_t dots = 0;
	size_t i = 0;

	if (n < 8) {
		for (; i < n; i++)
			dots |= (uint64_t)(p[i] == '.') << i;
		return dots;
	}
	for (; i + 8 <= n; i += 8)
		dots |= dots_in_8(p + i) << i;
	/* The last eight once more, for those behind. */
	return dots | dots_in_8(p + n - 8) << (n - 8);
}

/* Where the label begins that ends at end: behind a dot, or at 0. */
static inline size_t
label_start(struct pd_str host, uint64_t dots, size_t end)
{
	const char *dot;

	if (host.n <= 64) {
		if (end < 64)
			dots &= ((uint64_t)1 << end) - 1;
		return dots != 0 ? 64 - (unsigned)__builtin_clzll(dots) : 0;
	}
	dot = memrchr(host.p, '.', end);
	return dot != NULL ? (size_t)(dot - host.p) + 1 : 0;
}

static size_t
walk(const struct pd_host_key *key, uint64_t h, struct pd_str host, size_t drop,
    size_t max, struct pd_host_suffix *out)
{
	size_t end = host.n, n = 0, at;
	uint64_t dots = host.n <= 64 ? dots_in(host.p, host.n) : 0;

	if (host.n == 0 || host.n >= PD_HOST_TEXT)
		return 0;
	for (; drop > 0; drop--) {
		at = label_start(host, dots, end);
		if (at == 0)
			return 0;
		end = at - 1;
	}
	while (n < max) {
		at = label_start(host, dots, end);
		h = absorb_label(key, h, host, at, end - at);
		out[n++] = (struct pd_host_suffix){ h, (uint32_t)at };
		if (at == 0)
			break;
		end = at - 1;
	}
	return n;
}

size_t
pd_host_suffixes(const struct pd_host_key *key, struct pd_str host, bool single,
    size_t max, struct pd_host_suffix *out)
{
	if (!single)
		return walk(key, key->k0, host, 0, max, out);
	if (host.n == 0 || host.n >= PD_HOST_TEXT || max == 0)
		return 0;
	out[0] = (struct pd_host_suffix){
		absorb_label(key, key->k0, host, 0, host.n),
		0,
	};
	return 1;
}

size_t
pd_host_entities(const struct pd_host_key *key, struct pd_str host, size_t drop,
    size_t max, struct pd_host_suffix *out)
{
	return walk(key, ~key->k0, host, drop, max, out);
}

static uint64_t
hash_whole(const struct pd_host_key *key, uint64_t h, struct pd_str host,
    unsigned *labels)
{
	size_t end = host.n;

	*labels = 0;
	if (host.n == 0 || host.n >= PD_HOST_TEXT)
		return 0;
	for (;;) {
		const char *dot = memrchr(host.p, '.', end);
		size_t at = dot != NULL ? (size_t)(dot - host.p) + 1 : 0;

		h = absorb_label(key, h, host, at, end - at);
		++*labels;
		if (dot == NULL)
			return h;
		end = at - 1;
	}
}

uint64_t
pd_host_hash(const struct pd_host_key *key, struct pd_str host, bool single,
    unsigned *labels)
{
	if (!single)
		return hash_whole(key, key->k0, host, labels);
	*labels = host.n > 0 && host.n < PD_HOST_TEXT;
	return *labels > 0 ? absorb_label(key, key->k0, host, 0, host.n) : 0;
}

uint64_t
pd_host_entity_hash(
    const struct pd_host_key *key, struct pd_str name, unsigned *labels)
{
	return hash_whole(key, ~key->k0, name, labels);
}
