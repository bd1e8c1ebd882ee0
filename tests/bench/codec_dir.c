/*
 * Every image of a directory through pared-codec, as pared would send it.
 *
 *     codec_dir [-jg] [-n N] [-q N] [-w N] [-t MS] CODEC IN_DIR OUT_DIR
 *
 * -j: a client that takes no WebP. -g: without colour. -q N: ImageQuality N for
 * all. -w N: WebP's own quality. -n N: each N times, of which the quickest
 * counts. What does not get smaller is copied. One line a file: name, format,
 * what came of it, bytes in and out, CPU ms, CPU ms a megapixel; then the sums.
 */
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/helper.h"
#include "base/ipc.h"
#include "filters/image/ask.h"

struct run {
	struct event_base *base;
	struct pd_helper_pool *pool;
	struct pd_conf conf;
	bool webp;
	uint8_t webp_quality; /* 0: as planned */
	int times;
	const char *in_dir, *out_dir;

	enum pd_ask_end end;
	struct pd_ask_result result;
	double in, out, mp, cpu_ms;
	unsigned files, smaller, failed;
};

static uint8_t *
load(const char *dir, const char *name, size_t *n)
{
	char path[4096];
	struct stat st;
	uint8_t *p;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		exit(2);
	*n = (size_t)st.st_size;
	p = malloc(*n + 1);
	if (p == NULL || read(fd, p, *n) != (ssize_t)*n)
		exit(2);
	close(fd);
	return p;
}

static void
save(const struct run *r, const char *name, const uint8_t *p, size_t n)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", r->out_dir, name);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
		exit(2);
}

static void
on_done(void *arg, enum pd_ask_end end, const struct pd_ask_result *result)
{
	struct run *r = arg;

	r->end = end;
	if (result != NULL)
		r->result = *result;
	event_base_loopbreak(r->base);
}

static const char *
ask_once(struct run *r, const uint8_t *p, size_t n,
    const struct pd_image_info *info, struct pd_plan *plan)
{
	static const char *const ends[] = { "smaller", "nothing", "busy",
		"FAILED" };
	struct pd_ask_params params = {
		.pool = r->pool,
		.fd = pd_ipc_memory("in", n),
		.len = n,
		.info = info,
		.plan = plan,
		.timeout_ms = (uint32_t)r->conf.image_timeout_ms,
	};

	if (r->webp_quality > 0)
		plan->quality_webp = r->webp_quality;
	if (params.fd < 0 || pwrite(params.fd, p, n, 0) != (ssize_t)n ||
	    pd_ipc_seal(params.fd) != 0 ||
	    pd_ask_start(&params, on_done, r) == NULL)
		exit(2);
	event_base_dispatch(r->base);
	return ends[r->end];
}

static const char *
ask_codec(struct run *r, const uint8_t *p, size_t n,
    const struct pd_image_info *info, struct pd_plan *plan)
{
	const char *what = ask_once(r, p, n, info, plan);
	uint32_t least = r->result.cpu_us;

	for (int i = 1; i < r->times && r->result.p != NULL; i++) {
		munmap(r->result.p, r->result.n);
		r->result.p = NULL;
		what = ask_once(r, p, n, info, plan);
		if (r->result.p != NULL && r->result.cpu_us < least)
			least = r->result.cpu_us;
	}
	r->result.cpu_us = least;
	return what;
}

static void
one_file(struct run *r, const char *name)
{
	struct pd_image_info info;
	struct pd_plan plan = { .why = NULL };
	size_t n, out;
	uint8_t *p = load(r->in_dir, name, &n);
	const char *what = "not sniffed";
	double mp = 0, ms = 0;

	r->result = (struct pd_ask_result){ .p = NULL };
	r->end = PD_ASK_NOTHING;
	if (pd_sniff(p, n, &info) == 0) {
		if (pd_plan_image(&info, n, r->webp, &r->conf, &plan) ==
		    PD_PLAN_TRY)
			what = ask_codec(r, p, n, &info, &plan);
		else
			what = plan.why;
	}
	out = n;
	if (r->result.p != NULL) {
		out = r->result.n;
		mp = (double)info.width * info.height / 1e6;
		ms = r->result.cpu_us / 1000.0;
		save(r, name, r->result.p, out);
		munmap(r->result.p, out);
		r->smaller++;
	} else {
		save(r, name, p, n);
	}
	printf("%s\t%s\t%s\t%zu\t%zu\t%.1f\t%.1f\n", name, what,
	    r->result.p ? pd_image_type(r->result.format) : "-", n, out, ms,
	    mp > 0 ? ms / mp : 0);
	r->files++;
	r->failed += r->end == PD_ASK_FAILED;
	r->in += (double)n;
	r->out += (double)out;
	r->mp += mp;
	r->cpu_ms += ms;
	free(p);
}

static int
options(struct run *r, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "jgn:q:t:w:")) != -1) {
		if (c == 'j')
			r->webp = false;
		else if (c == 'g')
			r->conf.convert_to_grayscale = true;
		else if (c == 'n')
			r->times = atoi(optarg);
		else if (c == 'w')
			r->webp_quality = (uint8_t)atoi(optarg);
		else if (c == 't')
			r->conf.image_timeout_ms = atoi(optarg);
		else if (c == 'q') {
			r->conf.image_quality_set = true;
			for (unsigned i = 0; i < PD_CONF_IMAGE_CLASSES; i++)
				r->conf.image_quality[i] = atoi(optarg);
		} else {
			return -1;
		}
	}
	return argc - optind == 3 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct run r = {
		.webp = true,
		.times = 1,
		.conf = {
			.process_jpg = true,
			.process_png = true,
			.process_gif = true,
			.image_pixels_max = 25000000,
			.image_ratio_max = 500,
			.image_timeout_ms = 2000,
		},
	};
	struct dirent **names;
	struct rusage used;
	int n;

	if (options(&r, argc, argv) != 0) {
		fprintf(stderr, "usage: see the top of codec_dir.c\n");
		return 2;
	}
	r.in_dir = argv[optind + 1];
	r.out_dir = argv[optind + 2];
	r.base = event_base_new();
	r.pool = pd_ask_pool_create(
	    r.base, NULL, argv[optind], 1, 8, (size_t)256 << 20);
	mkdir(r.out_dir, 0777);
	n = scandir(r.in_dir, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			one_file(&r, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	printf("files %u smaller %u failed %u, %.0f to %.0f bytes, saved "
	       "%.1f %%, %.1f MP, %.2f CPU s, %.1f ms/MP\n",
	    r.files, r.smaller, r.failed, r.in, r.out,
	    r.in > 0 ? 100 * (1 - r.out / r.in) : 0, r.mp, r.cpu_ms / 1000,
	    r.mp > 0 ? r.cpu_ms / r.mp : 0);
	pd_helper_pool_destroy(r.pool);
	event_base_free(r.base);
	getrusage(RUSAGE_CHILDREN, &used);
	printf("the codec took %ld MB at most, %.2f CPU s in all, what came to "
	       "nothing included\n",
	    used.ru_maxrss / 1024,
	    (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
	return 0;
}
