/*
 * What the chain costs over the libraries alone, and what each coding gains.
 *
 *     bench_coding FILE...
 *
 * Each file is coded and decoded by one bare call of the library, with the
 * settings of pack.c, and through a chain as an exchange feeds it: 16 KB at a
 * time, 64 KB of room. CPU time of the process, the better of three rounds.
 */
#include <brotli/decode.h>
#include <brotli/encode.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>
#include <zstd.h>

#include "base/conf.h"
#include "filters/chain.h"
#include "filters/coding/coding.h"

#define PIECE  16384
#define ROOM   65536
#define ROUNDS 3

struct file {
	char *p;
	size_t n;
};

static struct event_base *base;
static struct evbuffer *nowhere;

static double
cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
wake(void *arg)
{
	*(bool *)arg = true;
}

static size_t
bare_encode(enum pd_coding c, struct file in, struct file *out)
{
	size_t most = in.n + in.n / 2 + 1000, n = most;
	z_stream z = { .next_in = (Bytef *)in.p, .avail_in = (uInt)in.n };
	ZSTD_CCtx *zstd;

	out->p = malloc(most);
	z.next_out = (Bytef *)out->p;
	z.avail_out = (uInt)most;
	switch (c) {
	case PD_CODING_GZIP:
		deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, 0);
		deflate(&z, Z_FINISH);
		n = z.total_out;
		deflateEnd(&z);
		break;
	case PD_CODING_BR:
		BrotliEncoderCompress(5, 18, BROTLI_MODE_GENERIC, in.n,
		    (const uint8_t *)in.p, &n, (uint8_t *)out->p);
		break;
	default:
		zstd = ZSTD_createCCtx();
		ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, 7);
		ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, 19);
		ZSTD_CCtx_setParameter(zstd, ZSTD_c_hashLog, 17);
		ZSTD_CCtx_setParameter(zstd, ZSTD_c_chainLog, 17);
		n = ZSTD_compress2(zstd, out->p, most, in.p, in.n);
		ZSTD_freeCCtx(zstd);
		break;
	}
	out->n = n;
	return n;
}

static size_t
bare_decode(enum pd_coding c, struct file in, size_t n)
{
	char *out = malloc(n + 1);
	z_stream z = { .next_in = (Bytef *)in.p,
		.avail_in = (uInt)in.n,
		.next_out = (Bytef *)out,
		.avail_out = (uInt)n + 1 };

	switch (c) {
	case PD_CODING_GZIP:
		inflateInit2(&z, 15 + 16);
		inflate(&z, Z_FINISH);
		n = z.total_out;
		inflateEnd(&z);
		break;
	case PD_CODING_BR:
		n++;
		BrotliDecoderDecompress(
		    in.n, (uint8_t *)in.p, &n, (uint8_t *)out);
		break;
	default:
		n = ZSTD_decompress(out, n + 1, in.p, in.n);
		break;
	}
	free(out);
	return n;
}

/* from, to: codings of the origin and of the client. Bytes that left. */
static size_t
through_chain(enum pd_coding from, enum pd_coding to, struct file in)
{
	static char *types[] = { "text/*" };
	struct pd_conf conf = { .buffer_high = ROOM,
		.buffer_low = ROOM / 4,
		.decode_incoming = true,
		.encode_text = true,
		.compress_types = { types, 1 } };
	struct pd_request request = { .method = PD_METHOD_GET };
	struct pd_response response = { .status = 200,
		.body = PD_BODY_CHUNKED };
	struct pd_message msg = { .conf = &conf,
		.request = &request,
		.response = &response,
		.arena = pd_arena_create() };
	bool woken = false;
	struct pd_chain_params params = {
		.msg = &msg, .base = base, .wake = wake, .arg = &woken
	};
	struct evbuffer *buf = evbuffer_new();
	struct pd_chain *chain;
	enum pd_flow flow;
	size_t at = 0, n, left = 0;

	pd_fields_add_id(&request.fields, msg.arena, PD_FIELD_ACCEPT_ENCODING,
	    pd_str_z(pd_coding_name(to)));
	pd_fields_add_id(&response.fields, msg.arena, PD_FIELD_CONTENT_TYPE,
	    PD_STR("text/html"));
	pd_fields_add_id(&response.fields, msg.arena, PD_FIELD_CONTENT_ENCODING,
	    pd_str_z(pd_coding_name(from)));
	chain = pd_chain_create(&params);
	do {
		n = in.n - at < PIECE ? in.n - at : PIECE;
		if (pd_chain_held(chain) < ROOM) {
			evbuffer_add(buf, in.p + at, n);
			at += n;
		}
		flow = pd_chain_run(chain, buf, nowhere, ROOM, at == in.n);
		left += evbuffer_get_length(nowhere);
		evbuffer_drain(nowhere, evbuffer_get_length(nowhere));
		if (flow == PD_FLOW_WAIT)
			event_base_loop(base, EVLOOP_NONBLOCK);
	} while (flow != PD_FLOW_END && flow != PD_FLOW_FAIL);
	pd_chain_destroy(chain);
	pd_arena_destroy(msg.arena);
	evbuffer_free(buf);
	return left;
}

static double
better(double best, double began)
{
	double took = cpu_now() - began;

	return best == 0 || took < best ? took : best;
}

static void
measure(enum pd_coding c, const struct file *files, struct file *coded, int n)
{
	size_t plain = 0, bare = 0, chain = 0, back = 0;
	double best[4] = { 0 }, t;

	for (int i = 0; i < n; i++)
		plain += files[i].n;
	for (int round = 0; round < ROUNDS; round++) {
		bare = chain = back = 0;
		t = cpu_now();
		for (int i = 0; i < n; i++) {
			free(coded[i].p);
			bare += bare_encode(c, files[i], &coded[i]);
		}
		best[0] = better(best[0], t);
		t = cpu_now();
		for (int i = 0; i < n; i++)
			chain += through_chain(PD_CODING_IDENTITY, c, files[i]);
		best[1] = better(best[1], t);
		t = cpu_now();
		for (int i = 0; i < n; i++)
			back += bare_decode(c, coded[i], files[i].n);
		best[2] = better(best[2], t);
		t = cpu_now();
		for (int i = 0; i < n; i++)
			back -= through_chain(c, PD_CODING_IDENTITY, coded[i]);
		best[3] = better(best[3], t);
		if (back != 0)
			abort();
	}
	printf("%-5s %9zu -> %8zu (bare %8zu) %4.1f %%  encode %6.1f MB/s, "
	       "%4.2f x bare  decode %6.1f MB/s, %4.2f x bare\n",
	    pd_coding_name(c), plain, chain, bare,
	    100.0 * (double)chain / (double)plain,
	    (double)plain / best[1] / 1e6, best[1] / best[0],
	    (double)plain / best[3] / 1e6, best[3] / best[2]);
}

static struct file
slurp(const char *path)
{
	FILE *f = fopen(path, "rbe");
	struct file file = { NULL, 0 };
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(2);
	}
	do {
		file.p = realloc(file.p, file.n + PIECE);
		n = fread(file.p + file.n, 1, PIECE, f);
		file.n += n;
	} while (n > 0);
	fclose(f);
	return file;
}

int
main(int argc, char **argv)
{
	int n = argc - 1;
	struct file *files = calloc((size_t)n + 1, sizeof(*files));
	struct file *coded = calloc((size_t)n + 1, sizeof(*coded));

	if (n == 0) {
		fputs("usage: bench_coding FILE...\n", stderr);
		return 2;
	}
	base = event_base_new();
	nowhere = evbuffer_new();
	for (int i = 0; i < n; i++)
		files[i] = slurp(argv[i + 1]);
	measure(PD_CODING_GZIP, files, coded, n);
	measure(PD_CODING_BR, files, coded, n);
	measure(PD_CODING_ZSTD, files, coded, n);
	return 0;
}
