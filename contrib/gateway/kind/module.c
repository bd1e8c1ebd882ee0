/*
 * A kernel module.
 *
 *   name        key
 *   was         remembered: "loaded" or "absent"
 *   was.needs   remembered: modules it needs that were not loaded either, in
 *               the order in which they can go
 *
 * One that the kernel has built in, or has not at all, is as planned: the step
 * that needs it says what is missing. It is unloaded again because of what
 * comes with it: sit puts a link sit0 into every network namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/arena.h"
#include "kind/module.h"
#include "system.h"

#define PATH_LEN 256
#define NAME_LEN 64 /* MODULE_NAME_LEN of the kernel: 56 */

static void
describe(const struct gw_step *s, FILE *out)
{
	fprintf(out, "modprobe %s", gw_step_need(s, "name"));
}

/* As the kernel has it: files may be called "nf-log", modules are not. */
static const char *
kernel_name(const char *name, char buf[static NAME_LEN])
{
	snprintf(buf, NAME_LEN, "%s", name);
	for (char *at = buf; *at != '\0'; at++)
		*at = (char)(*at == '-' ? '_' : *at);
	return buf;
}

static bool
is_loaded(const char *name)
{
	char path[PATH_LEN], buf[NAME_LEN];

	snprintf(path, sizeof(path), "/sys/module/%s", kernel_name(name, buf));
	return access(path, F_OK) == 0;
}

/* "kernel/net/ipv6/sit.ko.xz": is it this one? '-' and '_' are alike. */
static bool
is_of(const char *path, size_t n, const char *name)
{
	const char *at = memrchr(path, '/', n);
	size_t i = 0;

	at = at != NULL ? at + 1 : path;
	for (; name[i] != '\0' && at + i < path + n; i++) {
		char a = (char)(at[i] == '-' ? '_' : at[i]);
		char b = (char)(name[i] == '-' ? '_' : name[i]);

		if (a != b)
			return false;
	}
	return name[i] == '\0' && strncmp(at + i, ".ko", 3) == 0;
}

/*
 * The module's line of modules.dep, "PATH: PATH PATH": what it needs, the last
 * of it first to be loaded. NULL: no such module. The caller frees it.
 */
static char *
read_needs(const char *name)
{
	char path[PATH_LEN], *line = NULL, *found = NULL;
	struct utsname u;
	size_t cap = 0;
	FILE *f;

	if (uname(&u) < 0)
		return NULL;
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", u.release);
	f = fopen(path, "re");
	while (f != NULL && found == NULL && getline(&line, &cap, f) > 0) {
		size_t n = strcspn(line, ":");

		line[strcspn(line, "\n")] = '\0';
		if (line[n] == ':' && is_of(line, n, name))
			found = pd_xstrdup(line + n + 1);
	}
	if (f != NULL)
		fclose(f);
	free(line);
	return found;
}

static enum gw_state
probe(struct gw_system *sys, const struct gw_step *s)
{
	const char *name = gw_step_need(s, "name");
	char *needs;

	(void)sys;
	if (is_loaded(name))
		return GW_AS_PLANNED;
	needs = read_needs(name);
	free(needs);
	return needs != NULL ? GW_MISSING : GW_AS_PLANNED;
}

/* "kernel/net/ipv4/ip_tunnel.ko" to "ip_tunnel", in place. */
static char *
name_of(char *path)
{
	char *name = strrchr(path, '/');

	name = name != NULL ? name + 1 : path;
	name[strcspn(name, ".")] = '\0';
	return name;
}

static int
remember(struct gw_system *sys, struct gw_step *s)
{
	const char *name = gw_step_need(s, "name");
	char *needs = read_needs(name), *rest = needs, *word, *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		abort();
	while (rest != NULL && (word = strsep(&rest, " ")) != NULL) {
		word = name_of(word);
		if (*word != '\0' && !is_loaded(word))
			fprintf(out, "%s ", word);
	}
	fclose(out);
	gw_step_set(
	    s, sys->arena, "was", is_loaded(name) ? "loaded" : "absent");
	gw_step_set(s, sys->arena, "was.needs", text);
	free(text);
	free(needs);
	return 0;
}

static int
make(struct gw_system *sys, const struct gw_step *s)
{
	const char *argv[] = { "modprobe", gw_step_need(s, "name"), NULL };
	struct gw_run r = { .argv = argv };
	int rc = gw_run_or_fail(sys, &r);

	free(r.output);
	free(r.complaints);
	return rc;
}

/* What is in use stays, and so does what may not be unloaded here. */
static void
unload(const char *name)
{
	char buf[NAME_LEN];

	(void)syscall(SYS_delete_module, kernel_name(name, buf), O_NONBLOCK);
}

static int
undo(struct gw_system *sys, const struct gw_step *s)
{
	char *needs, *rest, *word;

	if (strcmp(gw_step_need(s, "was"), "absent") != 0 ||
	    !is_loaded(gw_step_need(s, "name")) ||
	    gw_module_in_use(sys, gw_step_need(s, "name")))
		return 0;
	unload(gw_step_need(s, "name"));
	rest = needs = pd_xstrdup(gw_step_need(s, "was.needs"));
	while ((word = strtok_r(rest, " ", &rest)) != NULL)
		unload(word);
	free(needs);
	return 0;
}

const struct gw_kind gw_kind_module = {
	.name = "module",
	.outlives = true,
	.describe = describe,
	.probe = probe,
	.remember = remember,
	.make = make,
	.undo = undo,
};
