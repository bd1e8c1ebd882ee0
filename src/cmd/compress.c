/*
 * pared compress: to files what the proxy does to bodies, without its hurry.
 */
#include "cmd/compress.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/lists.h"
#include "filters/image/job.h"

#define JOBS_MAX 256

static const char usage[] =
    "usage: pared compress DIR|FILE... --out DIR [OPTION...]\n"
    "       pared compress --explain FILE... [OPTION...]\n"
    "\n"
    "  pared compress photos --out small     smaller pictures, same names\n"
    "  pared compress --explain photo.jpg    what would become of it, and why\n"
    "\n"
    "  --out DIR        where the results go; made if it is not there\n"
    "  --force          overwrites what is there\n"
    "  --level LEVEL    invisible, fine or thin; else as configured (fine)\n"
    "  --accept TYPES   what may come out beside JPEG, PNG and GIF; else\n"
    "                   image/avif,image/webp; \"none\" for neither\n"
    "  --width N        photographs no wider than N pixels (640 at the least)\n"
    "  --explain        tells the plan, and writes nothing\n"
    "  --json           the result as JSON\n"
    "  --jobs N         at a time; else as many as there are processors\n"
    "  -c FILE          the configuration; else " PD_CMD_CONF ", if it is\n"
    "                   there, or the defaults\n"
    "  -o NAME=VALUE    as if this line stood at the end of the file\n"
    "\n"
    "Every file keeps its name, whatever it holds then: servers and browsers\n"
    "go by its bytes. What would not get smaller is copied.\n";

struct words {
	const char *out, *level, *accept, *width, *jobs, *conf_path;
	struct pd_cmd_values overrides;
	bool force, explain, json;
};

/* --- The command line ------------------------------------------------------
 */

static int
take_number(const struct pd_cmd_line *line, const char *option,
    const char *text, int64_t most, int64_t *n)
{
	if (text == NULL)
		return PD_CMD_GO;
	if (pd_str_u63(pd_str_z(text), n) != 0 || *n < 1 || *n > most)
		return pd_cmd_wrong(line,
		    "--%s wants a number from 1 to %d, not \"%.100s\"", option,
		    (int)most, text);
	return PD_CMD_GO;
}

static int
take_level(
    const struct pd_cmd_line *line, const char *text, enum pd_conf_level *level)
{
	static const struct {
		const char *name;
		enum pd_conf_level level;
	} levels[] = { { "invisible", PD_CONF_LEVEL_INVISIBLE },
		{ "fine", PD_CONF_LEVEL_FINE },
		{ "thin", PD_CONF_LEVEL_THIN } };

	if (text == NULL)
		return PD_CMD_GO;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(text, levels[i].name) == 0) {
			*level = levels[i].level;
			return PD_CMD_GO;
		}
	return pd_cmd_wrong(
	    line, "--level is invisible, fine or thin, not \"%.100s\"", text);
}

static unsigned
processors(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	n = CPU_COUNT(&set);
	return n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : (unsigned)n;
}

static int
take_words(const struct pd_cmd_line *line, const struct words *w,
    struct pd_plan_wish *wish, unsigned *jobs)
{
	int64_t width = 0, njobs = processors();
	struct pd_str wrong;
	int rc;

	if (line->nwords == 0)
		return pd_cmd_wrong(line, "which files?");
	if (w->explain && (w->out != NULL || w->force))
		return pd_cmd_wrong(line, "--explain writes nothing");
	if (!w->explain && w->out == NULL)
		return pd_cmd_wrong(line, "where to? --out DIR is needed");
	if (!pd_compress_accept(
		w->accept != NULL ? w->accept : "avif,webp", wish, &wrong))
		return pd_cmd_wrong(line,
		    "--accept: what is \"%.*s\"? Such as avif,webp or none",
		    wrong.n < 100 ? (int)wrong.n : 100, wrong.p);
	rc = take_level(line, w->level, &wish->level);
	if (rc == PD_CMD_GO)
		rc = take_number(
		    line, "width", w->width, PD_JOB_SIDE_MAX, &width);
	if (rc == PD_CMD_GO)
		rc = take_number(line, "jobs", w->jobs, JOBS_MAX, &njobs);
	wish->width_max = (uint32_t)width;
	*jobs = (unsigned)njobs;
	return rc;
}

/* --- What it needs ---------------------------------------------------------
 */

/* NULL after it was told that there is none. To be freed. */
static char *
find_codec(const struct pd_conf *conf)
{
	char *path = pd_conf_codec(conf);

	if (access(path, X_OK) == 0)
		return path;
	fprintf(stderr,
	    "pared compress: %s: %s; images are changed by this program "
	    "alone (CodecPath)\n",
	    path, strerror(errno));
	free(path);
	return NULL;
}

static int
make_out(const char *out)
{
	if (mkdir(out, 0777) == 0 || errno == EEXIST)
		return 0;
	fprintf(stderr, "pared compress: %s: %s\n", out, strerror(errno));
	return -1;
}

static uint64_t
children_us(void)
{
	struct rusage used;

	getrusage(RUSAGE_CHILDREN, &used);
	return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) *
		   1000000 +
	       (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/* --- All of it -------------------------------------------------------------
 */

static int
run(const struct words *w, const struct pd_conf *conf,
    const struct pd_plan_wish *wish, unsigned jobs,
    struct pd_compress_tree *tree)
{
	struct pd_compress_show show = {
		.json = w->json,
		.explain = w->explain,
		.tree = tree,
		.conf = conf,
		.wish = wish,
	};
	struct pd_compress_params params = {
		.tree = tree,
		.conf = conf,
		.wish = wish,
		.out = w->out,
		.jobs = jobs,
		.show = pd_compress_show_file,
		.arg = &show,
	};
	char *codec = find_codec(conf);

	/* What becomes of a file is told by its line. */
	pd_log_set_level(PD_LOG_ERROR);
	if (codec == NULL)
		return PD_CMD_FAIL;
	if (w->out != NULL && make_out(w->out) != 0) {
		free(codec);
		return PD_CMD_FAIL;
	}
	params.codec = codec;
	pd_compress_show_begin(&show);
	pd_compress_run(&params);
	pd_compress_show_end(&show, children_us());
	free(codec);
	return pd_cmd_end(
	    show.failed || tree->failed ? PD_CMD_FAIL : PD_CMD_OK);
}

static int
collect(const struct pd_cmd_line *line, const struct words *w,
    struct pd_compress_tree *tree)
{
	int rc = 0;

	for (size_t i = 0; i < line->nwords; i++)
		if (pd_compress_add(tree, line->words[i]) != 0)
			rc = -1;
	if (rc == 0 && w->out != NULL)
		rc = pd_compress_check(
		    tree, w->out, line->words, line->nwords, w->force);
	return rc;
}

static int
compress(const struct pd_cmd_line *line, const struct words *w)
{
	struct pd_plan_wish wish = { .pace = 100 };
	struct pd_compress_tree tree = { NULL };
	unsigned jobs = 1;
	struct pd_conf *conf;
	int rc = take_words(line, w, &wish, &jobs);

	if (rc != PD_CMD_GO)
		return rc;
	conf = pd_conf_load(pd_cmd_conf_path(w->conf_path), w->overrides.v,
	    w->overrides.n, false, &pd_lists_report);
	if (conf == NULL)
		return PD_CMD_FAIL;
	if (wish.level == PD_CONF_LEVEL_UNSET)
		wish.level = conf->image_level;
	if (wish.level < PD_CONF_LEVEL_INVISIBLE ||
	    wish.level > PD_CONF_LEVEL_THIN)
		wish.level = PD_CONF_LEVEL_FINE;
	rc = PD_CMD_FAIL;
	if (collect(line, w, &tree) == 0)
		rc = run(w, conf, &wish, jobs, &tree);
	pd_compress_tree_finish(&tree);
	pd_conf_unref(conf);
	return rc;
}

int
pd_cmd_compress(int argc, char **argv)
{
	struct words w = { NULL };
	const struct pd_cmd_option options[] = {
		{ "accept", .value = &w.accept },
		{ "config", 'c', .value = &w.conf_path },
		{ "explain", .flag = &w.explain },
		{ "force", .flag = &w.force },
		{ "jobs", .value = &w.jobs },
		{ "json", .flag = &w.json },
		{ "level", .value = &w.level },
		{ "option", 'o', .values = &w.overrides },
		{ "out", .value = &w.out },
		{ "width", .value = &w.width },
		{ 0 },
	};
	struct pd_cmd_line line = { "compress", usage, options,
		.most = SIZE_MAX };
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO)
		rc = compress(&line, &w);
	pd_cmd_values_free(&w.overrides);
	return rc;
}
