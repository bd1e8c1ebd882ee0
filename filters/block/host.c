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

static inline uint64_t
rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static inline void
sip_absorb(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

/*
 * A label is its bytes in words of eight, then a word of what is left with the
 * length and a top bit above it. ASCII never has that bit, so two lists of
 * labels are never the same words.
 */
static void
absorb_label(uint64_t v[4], const char *p, size_t n)
{
	uint64_t word, end = ((uint64_t)n | 0x80) << 56;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		sip_absorb(v, word);
	}
	word = 0;
	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)(unsigned char)p[i] << (8 * i);
	sip_absorb(v, word | end);
}

static uint64_t
sip_result(const uint64_t v[4])
{
	uint64_t t[4] = { v[0], v[1], v[2] ^ 0xff, v[3] };

	sip_round(t);
	sip_round(t);
	sip_round(t);
	return t[0] ^ t[1] ^ t[2] ^ t[3];
}

void
pd_host_walk_start(struct pd_host_walk *w, const struct pd_host_key *key,
    struct pd_str host, bool single)
{
	*w = (struct pd_host_walk){
		.host = host,
		.left = host.n,
		.v = { key->k0 ^ 0x736f6d6570736575u,
		    key->k1 ^ 0x646f72616e646f6du,
		    key->k0 ^ 0x6c7967656e657261u,
		    key->k1 ^ 0x7465646279746573u },
	};
	if (!single || host.n == 0)
		return;
	/* The next step finds the one suffix already there. */
	absorb_label(w->v, host.p, host.n);
	w->left = SIZE_MAX;
}

bool
pd_host_walk_next(struct pd_host_walk *w)
{
	const char *dot;
	size_t from;

	if (w->left == 0)
		return false;
	if (w->left == SIZE_MAX) {
		w->left = from = 0;
	} else {
		dot = memrchr(w->host.p, '.', w->left);
		from = dot != NULL ? (size_t)(dot - w->host.p) + 1 : 0;
		absorb_label(w->v, w->host.p + from, w->left - from);
		w->left = dot != NULL ? from - 1 : 0;
	}
	w->suffix = pd_str_of(w->host.p + from, w->host.n - from);
	w->whole = w->left == 0;
	w->hash = sip_result(w->v);
	w->labels++;
	return true;
}

uint64_t
pd_host_hash(const struct pd_host_key *key, struct pd_str host, bool single,
    unsigned *labels)
{
	struct pd_host_walk w;

	/* As a walk, without the results between. */
	pd_host_walk_start(&w, key, host, single);
	while (pd_host_walk_next(&w))
		;
	*labels = w.labels;
	return w.hash;
}
