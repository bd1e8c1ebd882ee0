#include "cmd/compress.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ipc.h"
#include "cmd/bar.h"
#include "filters/image/ask.h"
#include "filters/image/job.h"

/* A codec that is longer at one image will not come to an end. */
#define TIMEOUT_MS 120000
/* After codecs died one after the other, others are started only after a while
 * (10 s at the most). */
#define RETRY_MS    250
#define RETRIES_MAX 60

struct run {
	const struct pd_compress_params *params;
	struct event_base *base;
	struct pd_ask_pool *pool;
	size_t next, shown;
	unsigned running;
};

/* A file that is with a codec. */
struct job {
	struct run *run;
	struct pd_compress_file *file;
	int fd;              /* its file */
	unsigned retries;    /* left */
	struct event *again; /* NULL: it is asked about */
};

static void go_on(struct run *r);

/* --- Its end ---------------------------------------------------------------
 */

static void
fail(struct pd_compress_file *f, const char *what)
{
	pd_bar_clear();
	fprintf(stderr, "pared compress: %s%s: %s\n", what, f->path,
	    strerror(errno));
	f->failed = true;
}

static void
show_those_done(struct run *r)
{
	const struct pd_compress_tree *t = r->params->tree;

	while (r->shown < t->n && t->v[r->shown].done) {
		r->params->show(r->params->arg, &t->v[r->shown], r->shown);
		r->shown++;
	}
	if (r->params->out != NULL)
		pd_bar(NULL, r->shown, t->n,
		    r->shown < t->n ? pd_str_z(t->v[r->shown].name)
				    : PD_STR(""));
}

/* Takes fd. p NULL: it stays as it is. */
static void
finish(struct run *r, struct pd_compress_file *f, int fd, const uint8_t *p,
    size_t n)
{
	const char *out = r->params->out;

	if (p != NULL)
		f->after = n;
	if (!f->failed && out != NULL && pd_compress_put(f, out, p, n, fd) != 0)
		fail(f, "cannot write ");
	if (fd >= 0)
		close(fd);
	f->done = true;
	show_those_done(r);
}

/* --- The codec -------------------------------------------------------------
 */

static void
free_job(struct job *j)
{
	if (j->again != NULL)
		event_free(j->again);
	free(j);
}

static void ask(struct job *j);

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct job *j = arg;
	struct run *r = j->run;

	(void)fd;
	(void)what;
	event_free(j->again);
	j->again = NULL;
	ask(j);
	go_on(r);
}

static void
later(struct job *j)
{
	const struct timeval wait = { 0, RETRY_MS * 1000 };

	j->retries--;
	j->again = evtimer_new(j->run->base, on_again, j);
	if (j->again == NULL || evtimer_add(j->again, &wait) != 0)
		abort();
}

static void
on_answer(void *arg, enum pd_ask_end end, const struct pd_ask_result *result)
{
	struct job *j = arg;
	struct run *r = j->run;
	struct pd_compress_file *f = j->file;

	if (end == PD_ASK_BUSY && j->retries > 0) {
		later(j);
		return;
	}
	if (result != NULL) {
		f->to = result->format;
		f->width = result->width;
		f->height = result->height;
		f->cpu_us = result->cpu_us;
		finish(r, f, j->fd, result->p, result->n);
		munmap(result->p, result->n);
	} else {
		f->why = end == PD_ASK_NOTHING ? "nothing smaller came out"
			 : end == PD_ASK_LATE  ? "it took too long"
					       : "the codec failed";
		finish(r, f, j->fd, NULL, 0);
	}
	free_job(j);
	r->running--;
	go_on(r);
}

static void
give_up(struct job *j)
{
	struct run *r = j->run;

	fail(j->file, "cannot read ");
	finish(r, j->file, j->fd, NULL, 0);
	free_job(j);
	r->running--;
}

static void
ask(struct job *j)
{
	const struct pd_compress_file *f = j->file;
	struct pd_ask_params params = {
		.pool = j->run->pool,
		.fd = pd_compress_load(j->fd, f->before),
		.len = f->before,
		.info = &f->info,
		.plan = &f->plan,
		.timeout_ms = TIMEOUT_MS,
	};

	if (params.fd < 0) {
		give_up(j);
		return;
	}
	if (pd_ipc_seal(params.fd) != 0) {
		close(params.fd);
		give_up(j);
		return;
	}
	if (pd_ask_start(&params, on_answer, j) == NULL)
		give_up(j);
}

/* --- Its beginning ---------------------------------------------------------
 */

/* Looks at a file in memory; false: it stays as it is. */
static bool
plan(struct run *r, struct pd_compress_file *f, int memory)
{
	const struct pd_compress_params *params = r->params;
	uint8_t *p = mmap(NULL, f->before, PROT_READ, MAP_SHARED, memory, 0);

	if (p == MAP_FAILED) {
		fail(f, "cannot read ");
		return false;
	}
	f->sniffed = pd_sniff(p, f->before, &f->info) == 0;
	munmap(p, f->before);
	if (!f->sniffed) {
		f->why = "broken, or cut short";
		return false;
	}
	f->verdict = pd_plan_image(
	    &f->info, f->before, params->wish, params->conf, &f->plan);
	if (f->verdict == PD_PLAN_TRY)
		return true;
	f->why = f->plan.why;
	return false;
}

/* Whether a codec is to work on it. */
static bool
look(struct run *r, struct pd_compress_file *f, int fd)
{
	uint8_t head[PD_SNIFF_MIN];
	struct stat st;
	ssize_t n = pread(fd, head, sizeof(head), 0);
	int memory;
	bool wanted;

	if (n < 0 || fstat(fd, &st) != 0) {
		fail(f, "cannot read ");
		return false;
	}
	f->before = f->after = (uint64_t)st.st_size;
	f->from = f->to = pd_sniff_format(head, (size_t)n);
	if (f->from == PD_IMAGE_NONE) {
		f->why = "no image";
		return false;
	}
	if (f->before > PD_JOB_BODY_MAX) {
		f->why = "too many bytes";
		return false;
	}
	memory = pd_compress_load(fd, f->before);
	if (memory < 0) {
		fail(f, "cannot read ");
		return false;
	}
	wanted = plan(r, f, memory);
	close(memory);
	return wanted;
}

static void
begin(struct run *r, struct pd_compress_file *f)
{
	const char *out = r->params->out;
	struct job *j;
	int fd;

	if (f->kind != PD_COMPRESS_FILE) {
		if (out != NULL && pd_compress_make(f, out) != 0)
			fail(f, "cannot make ");
		f->done = true;
		show_those_done(r);
		return;
	}
	fd = pd_compress_open(f);
	if (fd < 0)
		fail(f, "cannot read ");
	if (fd < 0 || !look(r, f, fd)) {
		finish(r, f, fd, NULL, 0);
		return;
	}
	j = pd_xalloc(sizeof(*j));
	*j = (struct job){
		.run = r, .file = f, .fd = fd, .retries = RETRIES_MAX
	};
	r->running++;
	ask(j);
}

static void
go_on(struct run *r)
{
	const struct pd_compress_tree *t = r->params->tree;

	while (r->running < r->params->jobs && r->next < t->n)
		begin(r, &t->v[r->next++]);
}

void
pd_compress_run(const struct pd_compress_params *params)
{
	struct run r = { .params = params, .base = event_base_new() };

	if (r.base == NULL)
		abort();
	r.pool = pd_ask_pool_create(&(struct pd_ask_pool_params){
	    .base = r.base,
	    .path = params->codec,
	    .processes = params->jobs,
	    .queue_max = params->jobs,
	    .memory_max = (size_t)params->conf->image_memory_max,
	});
	show_those_done(&r);
	go_on(&r);
	/* Ends when no job is left: nothing else waits for an event. */
	while (r.running > 0)
		if (event_base_loop(r.base, EVLOOP_ONCE) != 0)
			abort();
	pd_bar_clear();
	pd_ask_pool_destroy(r.pool);
	event_base_free(r.base);
}
