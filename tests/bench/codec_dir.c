/*
 * Every image of a directory through pared-codec, as pared would send it.
 *
 *     codec_dir [OPTIONS] CODEC IN_DIR OUT_DIR
 *
 *     -a TYPES   of avif, webp, none: what the client takes; both by default
 *     -l LEVEL   invisible, fine (by default) or thin
 *     -W WIDTH   of the client's screen, pixels
 *     -q N       ImageQuality N for all sizes
 *     -g         without colour
 *     -n N       each N times, of which the quickest counts
 *     -t MS      deadline
 *     -m MB      address space of the codec
 *
 * What does not get smaller is copied. One line a file: name, what came of it,
 * why it was planned so, bytes in and out, CPU ms to decode, to encode and in
 * all; then the sums of each kind of result, and of all.
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
#include "filters/image/plan.h"

/* The outputs by their number, and the files that stayed as they are. */
#define KINDS 7

struct sum {
	unsigned files;
	double in, out, mp, decode_ms, encode_ms, all_ms;
};

struct run {
	struct event_base *base;
	struct pd_helper_pool *pool;
	struct pd_conf conf;
	struct pd_plan_wish wish;
	size_t memory_max;
	int times;
	const char *in_dir, *out_dir;

	/* Of the job under way. */
	enum pd_helper_result end;
	struct pd_job_answer answer;

	struct sum sums[KINDS];
	unsigned failed;
};

static const char *const kinds[KINDS] = { "JPEG", "PNG", "WebP lossy",
	"WebP lossless", "JPEG rewritten", "AVIF", "unchanged" };

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
on_done(
    void *arg, enum pd_helper_result end, const void *answer, const int *fds)
{
	struct run *r = arg;

	(void)fds;
	r->end = end;
	r->answer = (struct pd_job_answer){ .status = PD_JOB_STATUSES };
	if (end == PD_HELPER_DONE)
		memcpy(&r->answer, answer, sizeof(r->answer));
	event_base_loopbreak(r->base);
}

/* The result, or NULL; its length is the answer's. */
static uint8_t *
ask_once(struct run *r, const uint8_t *p, const struct pd_job_ask *ask)
{
	int room = pd_ipc_memory("out", ask->set.out_max);
	int fds[PD_JOB_FDS] = { pd_ipc_memory("in", ask->in_len), dup(room) };
	struct pd_job_ask now = *ask;
	uint8_t *result = NULL;

	now.until_ms = pd_job_now_ms() + (uint64_t)r->conf.image_deadline_ms;
	if (room < 0 || fds[0] < 0 || fds[1] < 0 ||
	    pwrite(fds[0], p, ask->in_len, 0) != (ssize_t)ask->in_len ||
	    pd_ipc_seal(fds[0]) != 0)
		exit(2);
	pd_helper_submit(r->pool, &now, fds, PD_JOB_FDS,
	    (uint32_t)r->conf.image_deadline_ms, on_done, r);
	event_base_dispatch(r->base);
	if (r->answer.status == PD_JOB_DONE) {
		size_t n = r->answer.out_len;

		if (!pd_job_answer_ok(&now, &r->answer))
			r->end = PD_HELPER_BROKEN;
		result = malloc(n);
		if (result == NULL || pread(room, result, n, 0) != (ssize_t)n)
			exit(2);
		if (!pd_job_result_ok(&r->answer, result, n))
			r->end = PD_HELPER_BROKEN;
	}
	close(room);
	return result;
}

/* The same, the quickest of several times. */
static uint8_t *
ask_codec(struct run *r, const uint8_t *p, const struct pd_job_ask *ask)
{
	uint8_t *result = ask_once(r, p, ask);
	struct pd_job_answer least = r->answer;

	for (int i = 1; i < r->times && result != NULL; i++) {
		free(result);
		result = ask_once(r, p, ask);
		if (result != NULL && r->answer.cpu_us < least.cpu_us)
			least = r->answer;
	}
	r->answer = least;
	return result;
}

static const char *
ending(const struct run *r)
{
	static const char *const ends[] = { "done", "BUSY", "LATE", "BROKEN" };

	return r->end == PD_HELPER_DONE ? pd_job_status_name(r->answer.status)
					: ends[r->end];
}

/* The result, or NULL; *what tells what came of it. */
static uint8_t *
try_file(struct run *r, const uint8_t *p, size_t n, struct pd_image_info *info,
    struct pd_plan *plan, const char **what)
{
	struct pd_job_ask ask;
	uint8_t *result;

	*what = "passed";
	if (pd_sniff(p, n, info) != 0 ||
	    pd_plan_image(info, n, &r->wish, &r->conf, plan) != PD_PLAN_TRY)
		return NULL;
	ask = (struct pd_job_ask){
		.magic = PD_JOB_ASK,
		.in_len = (uint32_t)n,
		.width = info->width,
		.height = info->height,
		.frames = info->frames,
		.source = (uint8_t)info->format,
		.orientation = info->orientation,
		.set = plan->set,
	};
	result = ask_codec(r, p, &ask);
	*what = ending(r);
	r->failed += r->end != PD_HELPER_DONE;
	return result;
}

static struct sum *
sum_of(struct run *r, bool smaller)
{
	unsigned kind = 0;

	while (kind + 1 < KINDS && (!smaller || r->answer.output != 1u << kind))
		kind++;
	return &r->sums[kind];
}

static void
one_file(struct run *r, const char *name)
{
	struct pd_image_info info = { .width = 0 };
	struct pd_plan plan = { .why = "not sniffed" };
	size_t n, out;
	uint8_t *p = load(r->in_dir, name, &n), *result;
	const char *what;
	struct sum *sum;

	r->answer = (struct pd_job_answer){ .cpu_us = 0 };
	result = try_file(r, p, n, &info, &plan, &what);
	out = result != NULL ? r->answer.out_len : n;
	save(r, name, result != NULL ? result : p, out);
	sum = sum_of(r, result != NULL);
	sum->files++;
	sum->in += (double)n;
	sum->out += (double)out;
	sum->mp += (double)info.width * info.height * info.frames / 1e6;
	sum->decode_ms += r->answer.decode_us / 1e3;
	sum->encode_ms += r->answer.encode_us / 1e3;
	sum->all_ms += r->answer.cpu_us / 1e3;
	printf("%s\t%s\t%s\t%s\t%zu\t%zu\t%.1f\t%.1f\t%.1f\n", name,
	    result != NULL ? kinds[sum - r->sums] : "-", what, plan.why, n, out,
	    r->answer.decode_us / 1e3, r->answer.encode_us / 1e3,
	    r->answer.cpu_us / 1e3);
	free(result);
	free(p);
}

static void
print_sum(const char *name, const struct sum *s)
{
	printf("# %-14s %4u files %9.0f to %9.0f bytes, saved %5.1f %%, %6.1f "
	       "MP, CPU s: decode %.2f encode %.2f all %.2f, %.1f ms/MP\n",
	    name, s->files, s->in, s->out,
	    s->in > 0 ? 100 * (1 - s->out / s->in) : 0, s->mp,
	    s->decode_ms / 1e3, s->encode_ms / 1e3, s->all_ms / 1e3,
	    s->mp > 0 ? s->all_ms / s->mp : 0);
}

static void
print_sums(const struct run *r)
{
	struct sum all = { .files = 0 };
	struct rusage used;

	for (unsigned i = 0; i < KINDS; i++) {
		const struct sum *s = &r->sums[i];

		if (s->files > 0)
			print_sum(kinds[i], s);
		all.files += s->files;
		all.in += s->in;
		all.out += s->out;
		all.mp += s->mp;
		all.decode_ms += s->decode_ms;
		all.encode_ms += s->encode_ms;
		all.all_ms += s->all_ms;
	}
	print_sum("all", &all);
	getrusage(RUSAGE_CHILDREN, &used);
	printf("# failed %u; the codec took %ld MB at most, %.2f CPU s with "
	       "its starts\n",
	    r->failed, used.ru_maxrss / 1024,
	    (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

static int
level(struct run *r, const char *word)
{
	static const struct {
		const char *word;
		enum pd_conf_level level;
	} levels[] = { { "invisible", PD_CONF_LEVEL_INVISIBLE },
		{ "fine", PD_CONF_LEVEL_FINE },
		{ "thin", PD_CONF_LEVEL_THIN } };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(word, levels[i].word) == 0) {
			r->wish.level = levels[i].level;
			return 0;
		}
	return -1;
}

static int
option(struct run *r, int c)
{
	switch (c) {
	case 'a':
		r->wish.avif = strstr(optarg, "avif") ? 1000 : 0;
		r->wish.webp = strstr(optarg, "webp") ? 1000 : 0;
		return 0;
	case 'g':
		r->conf.convert_to_grayscale = true;
		return 0;
	case 'l':
		return level(r, optarg);
	case 'm':
		r->memory_max = (size_t)atoi(optarg) << 20;
		r->conf.image_memory_max = (int64_t)r->memory_max;
		return 0;
	case 'n':
		r->times = atoi(optarg);
		return 0;
	case 'q':
		r->conf.image_quality_set = true;
		for (unsigned i = 0; i < PD_CONF_IMAGE_CLASSES; i++)
			r->conf.image_quality[i] = atoi(optarg);
		return 0;
	case 't':
		r->conf.image_deadline_ms = atoi(optarg);
		return 0;
	case 'W':
		r->wish.width_max = (uint32_t)atoi(optarg);
		return 0;
	default:
		return -1;
	}
}

static struct pd_helper_pool *
start_pool(struct run *r, const char *path)
{
	char memory[24];
	const char *argv[] = { "pared-codec", memory, NULL };
	const struct pd_helper_params params = {
		.base = r->base,
		.path = path,
		.argv = argv,
		.processes = 1,
		.queue_max = 1,
		.ask_len = sizeof(struct pd_job_ask),
		.answer_len = sizeof(struct pd_job_answer),
	};

	snprintf(memory, sizeof(memory), "%zu", r->memory_max);
	return pd_helper_pool_create(&params);
}

int
main(int argc, char **argv)
{
	struct run r = {
		.wish = { .avif = 1000,
		    .webp = 1000,
		    .level = PD_CONF_LEVEL_FINE,
		    .pace = 100 },
		.times = 1,
		.memory_max = (size_t)512 << 20,
		.conf = {
			.process_jpg = true,
			.process_png = true,
			.process_gif = true,
			.process_webp = true,
			.process_avif = true,
			.image_pixels_max = 25000000,
			.image_ratio_max = 500,
			.image_memory_max = 512 << 20,
			.image_deadline_ms = 20000,
		},
	};
	struct dirent **names;
	int n, c, wrong = 0;

	while ((c = getopt(argc, argv, "a:gl:m:n:q:t:W:")) != -1)
		wrong |= option(&r, c);
	if (wrong != 0 || argc - optind != 3) {
		fprintf(stderr, "usage: see the top of codec_dir.c\n");
		return 2;
	}
	r.in_dir = argv[optind + 1];
	r.out_dir = argv[optind + 2];
	r.base = event_base_new();
	r.pool = start_pool(&r, argv[optind]);
	mkdir(r.out_dir, 0777);
	n = scandir(r.in_dir, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			one_file(&r, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	pd_helper_pool_destroy(r.pool);
	event_base_free(r.base);
	print_sums(&r);
	return 0;
}
