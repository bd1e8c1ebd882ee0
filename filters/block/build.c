#include "filters/block/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/io.h"
#include "filters/block/lines.h"
#include "filters/block/policy.h"
#include "filters/block/set.h"

struct pd_build {
	const struct pd_conf *conf;
	struct pd_source_params *lists;
	size_t n;
	const char *suffixes; /* NULL: not there */
	uint64_t key;
};

char *
pd_build_path(const struct pd_conf *conf, const char *name)
{
	char *path;

	if (conf->lists_directory == NULL)
		return NULL;
	if (asprintf(&path, "%s/%s", conf->lists_directory, name) < 0)
		abort();
	return path;
}

static bool
is_remote(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0 ||
	       strncasecmp(url, "https://", 8) == 0;
}

char *
pd_build_source_path(
    const struct pd_conf *conf, const struct pd_conf_source *source)
{
	const char *url = source->url != NULL ? source->url : "";
	char *path;

	if (!is_remote(url)) {
		if (strncmp(url, "file:", 5) == 0)
			url += strncmp(url + 5, "///", 3) == 0 ? 7 : 5;
		return pd_xstrdup(url);
	}
	if (conf->lists_directory == NULL || source->name == NULL)
		return NULL;
	if (asprintf(&path, "%s/%s.list", conf->lists_directory, source->name) <
	    0)
		abort();
	return path;
}

/* The digest goes on from what it was: order counts. */
static void
mix(struct pd_build *b, const void *p, size_t n)
{
	b->key = XXH3_64bits_withSeed(p, n, b->key);
}

static void
mix_text(struct pd_build *b, const char *z)
{
	mix(b, z != NULL ? z : "", z != NULL ? strlen(z) + 1 : 0);
}

/* By size and time: hashing 15 MB at each start would cost more than it
 * tells. */
static void
mix_file(struct pd_build *b, const char *path)
{
	struct stat st = { 0 };
	int64_t v[4] = { -1 };

	mix_text(b, path);
	if (path != NULL && stat(path, &st) == 0) {
		v[0] = st.st_size;
		v[1] = st.st_mtim.tv_sec;
		v[2] = st.st_mtim.tv_nsec;
		v[3] = (int64_t)st.st_ino;
	}
	mix(b, v, sizeof(v));
}

static void
add(struct pd_build *b, const struct pd_source_params *p)
{
	uint32_t flags = (uint32_t)p->action << 1 | p->subdomains;

	b->lists[b->n++] = *p;
	mix(b, p->name.p, p->name.n);
	mix_file(b, p->path);
	mix(b, &flags, sizeof(flags));
}

static void
add_ziproxy(struct pd_build *b)
{
	const struct pd_conf *conf = b->conf;
	const struct {
		struct pd_str name;
		const char *path;
		enum pd_rule_action action;
	} rows[] = {
		{ PD_STR("URLNoProcessing"), conf->url_no_processing,
		    PD_RULE_UNTOUCHED },
		{ PD_STR("URLDeny"), conf->url_deny, PD_RULE_DENY },
		{ PD_STR("URLReplaceData"), conf->url_replace_data,
		    PD_RULE_REPLACE },
		{ PD_STR("URLReplaceDataCT"), conf->url_replace_data_ct,
		    PD_RULE_REPLACE_TYPE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].path == NULL)
			continue;
		add(b, &(struct pd_source_params){
			   .name = rows[i].name,
			   .path = pd_xstrdup(rows[i].path),
			   .action = rows[i].action,
		       });
	}
}

static void
add_source(struct pd_build *b, const struct pd_conf_source *source,
    const struct pd_conf_report *report)
{
	char *path = pd_build_source_path(b->conf, source);
	bool remote = source->url != NULL && is_remote(source->url);

	if (remote && (path == NULL || access(path, F_OK) != 0)) {
		pd_lines_tell(report, false,
		    "lists: %s was not fetched yet; run \"pared lists "
		    "update\"",
		    source->name);
		free(path);
		return;
	}
	add(b, &(struct pd_source_params){
		   .name = pd_str_z(
		       source->name != NULL ? source->name : source->url),
		   .url = pd_str_z(source->url),
		   .path = path,
		   .action = PD_RULE_BLOCK,
		   .subdomains = source->subdomains,
		   .remote = remote,
		   .symbols = b->conf->lists_define.v,
		   .nsymbols = b->conf->lists_define.n,
	       });
}

struct pd_build *
pd_build_create(const struct pd_conf *conf, const struct pd_conf_report *report)
{
	struct pd_build *b = pd_xalloc(sizeof(*b));
	bool flags[2];

	b->conf = conf;
	b->lists = pd_xalloc((conf->nsources + 4) * sizeof(*b->lists));
	mix_text(b, PARED_VERSION);
	flags[0] = conf->strict_document;
	flags[1] = pd_policies_tell_apart(conf);
	mix(b, flags, sizeof(flags));
	for (size_t i = 0; i < conf->lists_define.n; i++)
		mix_text(b, conf->lists_define.v[i]);
	if (conf->suffixes != NULL && access(conf->suffixes, R_OK) == 0)
		b->suffixes = conf->suffixes;
	else if (conf->nsources > 0)
		pd_lines_tell(report, false,
		    "lists: no public suffix list at %s: what a site is, is "
		    "guessed; install publicsuffix",
		    conf->suffixes != NULL ? conf->suffixes : "lists.suffixes");
	mix_file(b, b->suffixes);
	add_ziproxy(b);
	for (size_t i = 0; i < conf->nsources; i++) {
		if (!conf->sources[i].off)
			add_source(b, &conf->sources[i], report);
	}
	if (b->key == 0)
		b->key = 1;
	return b;
}

void
pd_build_destroy(struct pd_build *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->n; i++)
		free((char *)b->lists[i].path);
	free(b->lists);
	free(b);
}

size_t
pd_build_lists(const struct pd_build *b)
{
	return b->n;
}

const struct pd_source_params *
pd_build_list(const struct pd_build *b, size_t i)
{
	return &b->lists[i];
}

uint64_t
pd_build_key(const struct pd_build *b)
{
	return b->key;
}

/* name: from the list's folder on; the list's own file as well, which the key
 * knows better. */
static bool
is_newer(const char *list, struct pd_str name, int64_t built)
{
	const char *slash = strrchr(list, '/');
	int folder = slash != NULL ? (int)(slash - list) + 1 : 0;
	struct stat st;
	char *path;
	bool newer;

	if (asprintf(&path, "%.*s%.*s", folder, list, PD_STR_ARG(name)) < 0)
		abort();
	/* Within the second that it was built in, who knows. */
	newer = stat(path, &st) < 0 || st.st_mtim.tv_sec >= built;
	if (strcmp(path, list) == 0)
		newer = false;
	free(path);
	return newer;
}

bool
pd_build_is_current(const struct pd_build *b, const struct pd_set *set)
{
	if (pd_set_key(set) != b->key)
		return false;
	for (size_t i = 0; i < pd_set_files(set); i++) {
		size_t list;
		struct pd_str name = pd_set_file(set, i, &list);

		/* Of a list that was fetched nothing else is read. */
		if (list < b->n && !b->lists[list].remote &&
		    is_newer(b->lists[list].path, name, pd_set_built(set)))
			return false;
	}
	return true;
}

static struct pd_compiler *
create_compiler(const struct pd_build *b)
{
	const struct pd_compile_options options = {
		.suffixes = b->suffixes,
		.keep_duplicates = pd_policies_tell_apart(b->conf),
		.strict_document = b->conf->strict_document,
		.key = b->key,
	};

	return pd_compiler_create(&options);
}

static int
read_list(struct pd_compiler *c, const struct pd_source_params *p,
    const struct pd_conf_report *report)
{
	bool option = p->action != PD_RULE_BLOCK;

	if (access(p->path, R_OK) == 0)
		return pd_source_read(c, p, report);
	pd_lines_tell(report, true, "lists: %.*s: %s: %s; put it back, or %s",
	    PD_STR_ARG(p->name), p->path, strerror(errno),
	    option ? "leave the option out"
		   : "set enabled = false for this list");
	return -1;
}

int
pd_build_read(const struct pd_build *b, size_t i,
    const struct pd_rule_sink *tap, const struct pd_conf_report *report)
{
	struct pd_source_params params = b->lists[i];
	struct pd_compiler *c = create_compiler(b);
	int rc;

	params.tap = tap;
	rc = read_list(c, &params, report);
	pd_compiler_destroy(c);
	return rc;
}

int
pd_build_compile(const struct pd_build *b, struct pd_compiled *out,
    void (*progress)(void *arg, size_t i, size_t n, struct pd_str name),
    void *arg, const struct pd_conf_report *report)
{
	struct pd_compiler *c;
	const char *why;
	int rc = 0;

	if (b->n > PD_COMPILE_LISTS_MAX) {
		pd_lines_tell(report, true, "lists: %zu of them, %d may be",
		    b->n, PD_COMPILE_LISTS_MAX);
		return -1;
	}
	c = create_compiler(b);
	for (size_t i = 0; i < b->n; i++) {
		if (progress != NULL)
			progress(arg, i, b->n, b->lists[i].name);
		if (read_list(c, &b->lists[i], report) < 0)
			rc = -1;
	}
	if (progress != NULL)
		progress(arg, b->n, b->n, PD_STR(""));
	if (rc == 0 && pd_compiler_finish(c, out, &why) < 0) {
		pd_lines_tell(report, true, "lists: %s", why);
		rc = -1;
	}
	pd_compiler_destroy(c);
	return rc;
}

void
pd_compiled_free(struct pd_compiled *c)
{
	free(c->bytes);
	free(c->cosmetic);
	*c = (struct pd_compiled){ 0 };
}

/* The rename itself lasts only when the directory is written. */
static void
sync_directory(const char *path)
{
	char *dir = pd_xstrdup(path), *slash = strrchr(dir, '/');
	int fd;

	if (slash != NULL)
		slash[slash == dir ? 1 : 0] = '\0';
	fd =
	    open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(dir);
}

/* A second name for what is there; a first file has none to keep. */
static void
keep_old(const char *path)
{
	char *old;

	if (asprintf(&old, "%s" PD_BUILD_OLD, path) < 0)
		abort();
	if (access(path, F_OK) == 0) {
		unlink(old);
		if (link(path, old) < 0)
			unlink(old);
	}
	free(old);
}

int
pd_build_put(const char *path, const void *bytes, size_t n)
{
	char *temp;
	int fd, saved;

	if (asprintf(&temp, "%s.XXXXXX", path) < 0)
		abort();
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0) {
		free(temp);
		return -1;
	}
	if (pd_io_write(fd, bytes, n) < 0 || fchmod(fd, 0644) < 0 ||
	    fsync(fd) < 0)
		goto fail;
	keep_old(path);
	if (rename(temp, path) < 0)
		goto fail;
	close(fd);
	sync_directory(path);
	free(temp);
	return 0;
fail:
	saved = errno;
	unlink(temp);
	close(fd);
	free(temp);
	errno = saved;
	return -1;
}

int
pd_build_save(const struct pd_conf *conf, const struct pd_compiled *c)
{
	char *cosmetic = pd_build_path(conf, PD_BUILD_COSMETIC);
	char *rules = pd_build_path(conf, PD_BUILD_RULES);
	int rc = -1;

	if (rules == NULL)
		errno = ENOENT;
	else if (pd_build_put(cosmetic, c->cosmetic, c->ncosmetic) == 0)
		rc = pd_build_put(rules, c->bytes, c->n);
	free(cosmetic);
	free(rules);
	return rc;
}
