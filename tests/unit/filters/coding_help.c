#include "coding_help.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

char *
coding_help_text(size_t n)
{
	static const char *words[] = { "<div class=\"", "item", "\">",
		"</div>\n", "the ", "proxy ", "of ", "a link ", "function(",
		"){return ", "0x1f", "margin:", "12px;" };
	char *p = malloc(n + 1);
	unsigned seed = 7;
	size_t at = 0, len;

	while (at < n) {
		seed = seed * 1103515245u + 12345u;
		if ((seed >> 16) % 4 == 0) {
			p[at++] = (char)('a' + (seed >> 20) % 26);
			continue;
		}
		len = strlen(words[(seed >> 18) % 13]);
		len = len < n - at ? len : n - at;
		memcpy(p + at, words[(seed >> 18) % 13], len);
		at += len;
	}
	p[n] = '\0';
	return p;
}

static size_t
deflate_all(int bits, const char *p, size_t n, char *out, size_t most)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p,
		.avail_in = (uInt)n,
		.next_out = (Bytef *)out,
		.avail_out = (uInt)most };
	size_t made;

	if (deflateInit2(&z, 9, Z_DEFLATED, bits, 8, 0) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	made = z.total_out;
	deflateEnd(&z);
	return made;
}

void
coding_help_pack(enum pd_coding c, bool raw, char **p, size_t *n)
{
	size_t most = *n + *n / 2 + 1000, len = most;
	char *out = malloc(most);

	switch (c) {
	case PD_CODING_GZIP:
		len = deflate_all(15 + 16, *p, *n, out, most);
		break;
	case PD_CODING_DEFLATE:
		len = deflate_all(raw ? -15 : 15, *p, *n, out, most);
		break;
	case PD_CODING_BR:
		if (!BrotliEncoderCompress(6, 22, BROTLI_MODE_GENERIC, *n,
			(const uint8_t *)*p, &len, (uint8_t *)out))
			abort();
		break;
	case PD_CODING_ZSTD:
		len = ZSTD_compress(out, most, *p, *n, 5);
		if (ZSTD_isError(len))
			abort();
		break;
	default:
		abort();
	}
	free(*p);
	*p = out;
	*n = len;
}

size_t
coding_help_peek(
    enum pd_coding c, const void *p, size_t n, void *out, size_t most)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p,
		.avail_in = (uInt)n,
		.next_out = out,
		.avail_out = (uInt)most };
	const uint8_t *in = p;
	uint8_t *to = out;
	size_t left = most;

	if (c == PD_CODING_BR) {
		BrotliDecoderState *s =
		    BrotliDecoderCreateInstance(NULL, NULL, NULL);

		BrotliDecoderDecompressStream(s, &n, &in, &left, &to, NULL);
		BrotliDecoderDestroyInstance(s);
		return most - left;
	}
	if (c == PD_CODING_ZSTD) {
		ZSTD_inBuffer zin = { p, n, 0 };
		ZSTD_outBuffer zout = { out, most, 0 };
		ZSTD_DCtx *d = ZSTD_createDCtx();

		while (zin.pos < zin.size &&
		       !ZSTD_isError(ZSTD_decompressStream(d, &zout, &zin)) &&
		       zout.pos < zout.size) {
		}
		ZSTD_freeDCtx(d);
		return zout.pos;
	}
	inflateInit2(&z, 15 + 16);
	inflate(&z, Z_SYNC_FLUSH);
	inflateEnd(&z);
	return z.total_out;
}

static bool
unpack_gzip(const void *p, size_t n, char *out, size_t *len)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p,
		.avail_in = (uInt)n,
		.next_out = (Bytef *)out,
		.avail_out = (uInt)*len };
	int rc;

	inflateInit2(&z, 15 + 16);
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	*len = z.total_out;
	return rc == Z_STREAM_END && z.avail_in == 0;
}

char *
coding_help_unpack(
    enum pd_coding c, const void *p, size_t n, size_t most, size_t *len)
{
	char *out = malloc(most + 1);
	bool ok = false;

	*len = most + 1;
	switch (c) {
	case PD_CODING_GZIP:
		ok = unpack_gzip(p, n, out, len);
		break;
	case PD_CODING_BR:
		ok = BrotliDecoderDecompress(n, p, len, (uint8_t *)out) ==
		     BROTLI_DECODER_RESULT_SUCCESS;
		break;
	case PD_CODING_ZSTD:
		*len = ZSTD_decompress(out, most + 1, p, n);
		ok = !ZSTD_isError(*len);
		break;
	default:
		break;
	}
	if (ok)
		return out;
	free(out);
	return NULL;
}
