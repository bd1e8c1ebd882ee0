/*
 * A URL taken apart in one pass: in lower case, its tokens hashed, its host's
 * suffixes hashed and looked up.
 */
#include "filters/block/match_ask.h"

/* Lower case of 64 bytes, and a bit for each that is a letter or digit. */
#if defined(__SSE2__)
static inline uint64_t
lower_16(const char *from, char *to)
{
	const __m128i up = _mm_set1_epi8('A'), low = _mm_set1_epi8('a'),
		      zero = _mm_set1_epi8('0'), z25 = _mm_set1_epi8(25),
		      z9 = _mm_set1_epi8(9), bit = _mm_set1_epi8(0x20);
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)from);
	__m128i u = _mm_sub_epi8(v, up), l, d;

	u = _mm_cmpeq_epi8(_mm_min_epu8(u, z25), u);
	v = _mm_or_si128(v, _mm_and_si128(u, bit));
	_mm_storeu_si128((__m128i *)(void *)to, v);
	l = _mm_sub_epi8(v, low);
	l = _mm_cmpeq_epi8(_mm_min_epu8(l, z25), l);
	d = _mm_sub_epi8(v, zero);
	d = _mm_cmpeq_epi8(_mm_min_epu8(d, z9), d);
	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(l, d));
}

static inline uint64_t
lower_block(const char *from, char *to)
{
	return lower_16(from, to) | lower_16(from + 16, to + 16) << 16 |
	       lower_16(from + 32, to + 32) << 32 |
	       lower_16(from + 48, to + 48) << 48;
}
#else
static inline uint64_t
lower_block(const char *from, char *to)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < 64; i++) {
		char c = pd_lower(from[i]);
		bool is = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		to[i] = c;
		mask |= (uint64_t)is << i;
	}
	return mask;
}
#endif

size_t
pd_ask_name_span(const char *p, size_t n)
{
	size_t i = 0;
#if defined(__SSE2__)
	const __m128i low = _mm_set1_epi8('a'), dash = _mm_set1_epi8('-'),
		      zero = _mm_set1_epi8('0'), z25 = _mm_set1_epi8(25),
		      z1 = _mm_set1_epi8(1), z9 = _mm_set1_epi8(9),
		      bit = _mm_set1_epi8(0x20);

	for (; i + 16 <= n; i += 16) {
		__m128i v =
		    _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i l = _mm_sub_epi8(_mm_or_si128(v, bit), low),
			d = _mm_sub_epi8(v, zero), s = _mm_sub_epi8(v, dash);
		unsigned other;

		l = _mm_cmpeq_epi8(_mm_min_epu8(l, z25), l);
		d = _mm_cmpeq_epi8(_mm_min_epu8(d, z9), d);
		s = _mm_cmpeq_epi8(_mm_min_epu8(s, z1), s);
		other = ~(unsigned)_mm_movemask_epi8(
			    _mm_or_si128(l, _mm_or_si128(d, s))) &
			0xffffu;
		if (other != 0)
			return i + (unsigned)__builtin_ctz(other);
	}
#else
	(void)p;
	(void)n;
#endif
	return i;
}

/* Its first eight bytes, in the byte order of compile_token.c. */
static inline uint64_t
token_word(const char *p, size_t n)
{
	unsigned shift = n < 8 ? 64 - 8 * (unsigned)n : 0;
	uint64_t word;

	memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word << shift;
}

static inline size_t
first_bit(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

/* What finding tokens goes on with from block to block. */
struct finder {
	uint64_t key;
	const uint8_t *map;
	uint32_t mask;
	const char *url; /* in lower case */
	struct pd_ask_token *out;
	uint32_t classes;
	size_t longest;
};

/* Written at once, kept if some rule may know it. */
static inline void
take_token(struct finder *f, size_t start, size_t end)
{
	size_t n = end - start;
	uint32_t hash = pd_token_hash(f->key, token_word(f->url + start, n), n);
	uint32_t classes = f->map[hash & f->mask];
	struct pd_ask_token token = {
		.hash = hash,
		.at = (uint16_t)start,
		.n = (uint8_t)n,
		.classes = (uint8_t)classes,
	};

	*f->out = token;
	f->out += classes != 0;
	f->classes |= classes;
	if (n > f->longest)
		f->longest = n;
}

/* Where letters and digits begin and end are bits, which come in pairs. */
static void
find_tokens(struct pd_scratch *s, const struct pd_set *set, size_t n)
{
	struct finder f = {
		.key = set->head->token_key,
		.map = set->token_map,
		.mask = set->ntoken_map - 1,
		.url = s->lower,
		.out = s->tokens,
	};
	uint64_t before = 0;
	size_t start = 0;

	for (size_t i = 0; i <= n; i += 64) {
		uint64_t is = lower_block(s->original + i, s->lower + i);
		uint64_t shifted = is << 1 | before;
		uint64_t starts = is & ~shifted, ends = ~is & shifted;

		/* One that began in a block before. */
		if (before != 0 && ends != 0) {
			take_token(&f, start, i + first_bit(ends));
			ends &= ends - 1;
		}
		for (; ends != 0; ends &= ends - 1) {
			start = i + first_bit(starts);
			take_token(&f, start, i + first_bit(ends));
			starts &= starts - 1;
		}
		if (starts != 0)
			start = i + first_bit(starts);
		before = is >> 63;
	}
	s->ntokens = (uint32_t)(f.out - s->tokens);
	s->token_classes = (uint8_t)f.classes;
	s->longest = (uint32_t)f.longest;
}

uint32_t
pd_ask_hits(const struct pd_view_table *t, const struct pd_scratch *s,
    struct pd_ask_hit hits[PD_ASK_HITS])
{
	uint32_t n = 0, last = s->nsuffixes;

	if (t->n == 0)
		return 0;
	if (last > t->labels)
		last = t->labels;
	for (uint32_t i = 0; i < last; i++) {
		uint64_t hash = s->suffixes[i].hash;
		uint32_t b = pd_table_bucket(hash, t->bits);
		uint32_t at = t->first[b], end = t->first[b + 1];

		for (; at < end; at += 16) {
			uint32_t same =
			    pd_ask_equal_tags(t->tags + at, pd_table_tag(hash));

			if (end - at < 16)
				same &= ((uint32_t)1 << (end - at)) - 1;
			for (; same != 0; same &= same - 1) {
				uint32_t k = at + (uint32_t)__builtin_ctz(same);

				if (t->prints[k] != pd_table_print(hash) ||
				    n == PD_ASK_HITS)
					continue;
				hits[n++] = (struct pd_ask_hit){
					t->infos[k],
					s->suffixes[i].at,
				};
			}
		}
	}
	return n;
}

/* Of a host that stands right behind "://" and whose labels were all counted.
 */
static size_t
first_label(const struct pd_scratch *s)
{
	uint32_t n = s->nsuffixes;

	if (n == 0 || s->suffixes[n - 1].at != 0 || s->host_at < 3 ||
	    s->lower[s->host_at - 1] != '/')
		return PD_ASK_NO_LABEL;
	return n > 1 ? s->suffixes[n - 2].at - 1 : s->host_n;
}

/* As many suffixes as any table of the set could know. */
static size_t
most_labels(const struct pd_set *set)
{
	size_t most = set->suffixes.labels + 1;

	if (most < set->hosts.labels)
		most = set->hosts.labels;
	if (most < set->cold.labels)
		most = set->cold.labels;
	if (most < 2)
		most = 2;
	return most < PD_HOST_LABELS_MAX ? most : PD_HOST_LABELS_MAX;
}

void
pd_ask_url(const struct pd_set *set, struct pd_scratch *s,
    const struct pd_match_query *q)
{
	size_t n = q->url.n < PD_MATCH_URL_MAX ? q->url.n : PD_MATCH_URL_MAX;
	struct pd_str host;

	if (s->serial == set->serial && s->url_n == n &&
	    s->host_at == q->host_at && s->host_n == q->host_n &&
	    s->cut == (q->url.n > n) && memcmp(s->original, q->url.p, n) == 0)
		return;
	s->serial = set->serial;
	s->url_n = n;
	s->cut = q->url.n > n;
	s->host_at = q->host_at;
	s->host_n = q->host_n;
	if (q->host_at > n || q->host_n > n - q->host_at)
		s->host_at = s->host_n = 0;
	memcpy(s->original, q->url.p, n);
	memset(s->original + n, 0, PD_ASK_PAD);
	find_tokens(s, set, n);
	host = pd_str_of(s->lower + s->host_at, s->host_n);
	s->address = pd_host_is_address(host);
	s->site_labels = -1;
	s->to_known = false;
	s->nsuffixes = (uint32_t)pd_host_suffixes(&set->head->host_key, host,
	    s->address, most_labels(set), s->suffixes);
	s->nlabels = s->nsuffixes;
	s->label_n = first_label(s);
	s->nhits = pd_ask_hits(&set->hosts, s, s->hits);
	memset(s->regex_known, 0, sizeof(s->regex_known));
	s->classes = 0;
	for (uint32_t i = 0; i < s->nhits; i++) {
		uint32_t info = s->hits[i].info;

		if ((info >> PD_HOST_FILE_SHIFT & PD_HOST_FILE_MASK) ==
		    PD_HOST_FILE_GROUP)
			s->classes |=
			    set->group_classes[info & PD_HOST_LINE_MASK];
	}
}
