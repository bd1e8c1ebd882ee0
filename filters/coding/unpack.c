#include "filters/coding/unpack.h"

#include <brotli/decode.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

/* Decoded at a time; a page of cache, not of the body. */
#define PIECE 16384

enum where {
	START,   /* nothing came yet */
	MEMBER,  /* inside a gzip member, a zstd frame, the stream */
	BETWEEN, /* one was whole; another may follow */
	BEHIND,  /* whatever follows is dropped */
};

struct pd_unpack {
	enum pd_coding coding;
	enum where where;
	bool pending; /* filled its room: may hold more */
	bool bare;    /* deflate without zlib's header was found */
	int64_t taken, made;
	const char *why;
	union {
		z_stream z;
		BrotliDecoderState *br;
		ZSTD_DCtx *zstd;
	};
};

/* One call of a library: what it is given, and what it did. */
struct piece {
	const uint8_t *in;
	size_t in_len, used;
	uint8_t *out;
	size_t cap, made;
};

enum step { STEP_MORE, STEP_DONE, STEP_BAD };

struct pd_unpack *
pd_unpack_create(enum pd_coding c)
{
	struct pd_unpack *u = calloc(1, sizeof(*u));
	bool ok = false;

	if (u == NULL)
		return NULL;
	u->coding = c;
	switch (c) {
	case PD_CODING_GZIP:
		ok = inflateInit2(&u->z, 15 + 16) == Z_OK;
		break;
	case PD_CODING_DEFLATE:
		ok = inflateInit2(&u->z, 15) == Z_OK;
		break;
	case PD_CODING_BR:
		u->br = BrotliDecoderCreateInstance(NULL, NULL, NULL);
		ok = u->br != NULL;
		break;
	case PD_CODING_ZSTD:
		u->zstd = ZSTD_createDCtx();
		ok = u->zstd != NULL;
		if (ok)
			ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax,
			    PD_UNPACK_ZSTD_WINDOW_LOG);
		break;
	case PD_CODING_IDENTITY:
	case PD_CODING_COUNT:
		break;
	}
	if (!ok) {
		free(u);
		return NULL;
	}
	return u;
}

void
pd_unpack_destroy(struct pd_unpack *u)
{
	if (u == NULL)
		return;
	switch (u->coding) {
	case PD_CODING_GZIP:
	case PD_CODING_DEFLATE:
		inflateEnd(&u->z);
		break;
	case PD_CODING_BR:
		BrotliDecoderDestroyInstance(u->br);
		break;
	case PD_CODING_ZSTD:
		ZSTD_freeDCtx(u->zstd);
		break;
	case PD_CODING_IDENTITY:
	case PD_CODING_COUNT:
		break;
	}
	free(u);
}

static enum step
step_zlib(struct pd_unpack *u, struct piece *p)
{
	int rc;

	u->z.next_in = (Bytef *)(uintptr_t)p->in;
	u->z.avail_in = (uInt)p->in_len;
	u->z.next_out = p->out;
	u->z.avail_out = (uInt)p->cap;
	rc = inflate(&u->z, Z_NO_FLUSH);
	p->used = p->in_len - u->z.avail_in;
	p->made = p->cap - u->z.avail_out;
	switch (rc) {
	case Z_STREAM_END:
		return STEP_DONE;
	case Z_OK:
	case Z_BUF_ERROR: /* no progress was possible: no error */
		return STEP_MORE;
	case Z_MEM_ERROR:
		u->why = "no memory";
		return STEP_BAD;
	default:
		u->why = u->z.msg;
		return STEP_BAD;
	}
}

static enum step
step_br(struct pd_unpack *u, struct piece *p)
{
	const uint8_t *in = p->in;
	uint8_t *out = p->out;
	size_t in_left = p->in_len, out_left = p->cap;
	BrotliDecoderResult rc;

	rc = BrotliDecoderDecompressStream(
	    u->br, &in_left, &in, &out_left, &out, NULL);
	p->used = p->in_len - in_left;
	p->made = p->cap - out_left;
	if (rc == BROTLI_DECODER_RESULT_SUCCESS)
		return STEP_DONE;
	if (rc != BROTLI_DECODER_RESULT_ERROR)
		return STEP_MORE;
	u->why = BrotliDecoderErrorString(BrotliDecoderGetErrorCode(u->br));
	return STEP_BAD;
}

static enum step
step_zstd(struct pd_unpack *u, struct piece *p)
{
	ZSTD_inBuffer in = { p->in, p->in_len, 0 };
	ZSTD_outBuffer out = { p->out, p->cap, 0 };
	size_t rc = ZSTD_decompressStream(u->zstd, &out, &in);

	p->used = in.pos;
	p->made = out.pos;
	if (ZSTD_isError(rc)) {
		u->why = ZSTD_getErrorName(rc);
		return STEP_BAD;
	}
	return rc == 0 ? STEP_DONE : STEP_MORE;
}

static enum step
step_coding(struct pd_unpack *u, struct piece *p)
{
	switch (u->coding) {
	case PD_CODING_BR:
		return step_br(u, p);
	case PD_CODING_ZSTD:
		return step_zstd(u, p);
	default:
		return step_zlib(u, p);
	}
}

/*
 * "deflate" means zlib (RFC 1950), but some origins send it bare, which
 * browsers take too. Two bytes tell. False: they are not here yet.
 */
static bool
sniff_deflate(struct pd_unpack *u, struct evbuffer *in, bool last)
{
	uint8_t head[2] = { 0, 0 };
	ssize_t n = evbuffer_copyout(in, head, sizeof(head));

	if (n < 2 && !last)
		return false;
	u->bare = n < 2 || (head[0] & 0x0f) != Z_DEFLATED ||
		  (head[0] >> 4) > 7 || ((head[0] << 8) | head[1]) % 31 != 0;
	if (u->bare)
		inflateReset2(&u->z, -15);
	return true;
}

/*
 * After a gzip member or a zstd frame: whether another begins, or garbage.
 * False: it cannot be told yet.
 */
static bool
sniff_member(struct pd_unpack *u, struct evbuffer *in, bool last)
{
	uint8_t head[4] = { 0 };
	bool gzip = u->coding == PD_CODING_GZIP, more;
	ssize_t n = evbuffer_copyout(in, head, gzip ? 3 : 4);

	if (n < (gzip ? 3 : 4) && !last)
		return false;
	if (gzip)
		more =
		    head[0] == 0x1f && head[1] == 0x8b && head[2] == Z_DEFLATED;
	else
		more = memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0 ||
		       ((head[0] & 0xf0) == 0x50 &&
			   memcmp(head + 1, "\x2a\x4d\x18", 3) == 0);
	u->where = more ? MEMBER : BEHIND;
	if (more && gzip)
		inflateReset(&u->z);
	return true;
}

/* The first bytes after START or BETWEEN. False: too few to begin. */
static bool
enter(struct pd_unpack *u, struct evbuffer *in, bool last)
{
	if (u->where == BETWEEN)
		return sniff_member(u, in, last);
	if (u->coding == PD_CODING_DEFLATE && !sniff_deflate(u, in, last))
		return false;
	u->where = MEMBER;
	return true;
}

static void
leave_member(struct pd_unpack *u)
{
	if (u->coding == PD_CODING_GZIP || u->coding == PD_CODING_ZSTD)
		u->where = BETWEEN;
	else
		u->where = BEHIND;
	u->pending = false;
}

static enum pd_unpack_result
at_end(struct pd_unpack *u)
{
	if (u->where != MEMBER)
		return PD_UNPACK_END;
	u->why = "cut short";
	return PD_UNPACK_BAD;
}

/* Gives the decoder what lies in one piece at the front of in. */
static enum step
feed(struct pd_unpack *u, struct evbuffer *in, struct evbuffer *out, size_t cap)
{
	/* Not on the stack: the compiler would clear it each time. */
	static _Thread_local uint8_t made[PIECE];
	struct evbuffer_iovec v = { NULL, 0 };
	struct piece p = { .out = made, .cap = cap < PIECE ? cap : PIECE };
	enum step step;

	if (evbuffer_peek(in, -1, NULL, &v, 1) > 0) {
		p.in = v.iov_base;
		p.in_len = v.iov_len < PIECE ? v.iov_len : PIECE;
	}
	step = step_coding(u, &p);
	if (step == STEP_MORE && p.in_len > 0 && p.used == 0 && p.made == 0)
		step = STEP_BAD; /* would turn here for ever */
	evbuffer_drain(in, p.used);
	u->taken += (int64_t)p.used;
	u->made += (int64_t)p.made;
	u->pending = p.made == p.cap;
	if (evbuffer_add(out, made, p.made) != 0) {
		u->why = "no memory";
		return STEP_BAD;
	}
	return step;
}

enum pd_unpack_result
pd_unpack_step(struct pd_unpack *u, struct evbuffer *in, struct evbuffer *out,
    size_t room, bool last)
{
	int64_t until = u->made + (int64_t)room;

	while (u->made < until) {
		if (u->where == BEHIND)
			evbuffer_drain(in, evbuffer_get_length(in));
		if (evbuffer_get_length(in) == 0 && !u->pending)
			return last ? at_end(u) : PD_UNPACK_MORE;
		if ((u->where == START || u->where == BETWEEN) &&
		    !enter(u, in, last))
			return PD_UNPACK_MORE;
		if (u->where != MEMBER)
			continue;
		switch (feed(u, in, out, (size_t)(until - u->made))) {
		case STEP_MORE:
			break;
		case STEP_DONE:
			leave_member(u);
			break;
		case STEP_BAD:
			return PD_UNPACK_BAD;
		}
	}
	return PD_UNPACK_MORE;
}

int64_t
pd_unpack_taken(const struct pd_unpack *u)
{
	return u->taken;
}

int64_t
pd_unpack_made(const struct pd_unpack *u)
{
	return u->made;
}

const char *
pd_unpack_why(const struct pd_unpack *u)
{
	return u->why != NULL ? u->why : "corrupt";
}
