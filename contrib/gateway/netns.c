#include "netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MARK_MAX 128 /* bytes of a mark */

enum life {
	GONE,
	LIVES,
	HIDDEN, /* some of those who may be in it are not shown to us */
};

/*
 * "4:4026531840": device and number of a network namespace's file; "" when it
 * cannot be told, with errno.
 */
static void
name_space(int dirfd, const char *path, char text[static 64])
{
	struct stat st;

	text[0] = '\0';
	if (fstatat(dirfd, path, &st, 0) == 0)
		snprintf(text, 64, "%ju:%ju", (uintmax_t)st.st_dev,
		    (uintmax_t)st.st_ino);
}

/*
 * "4:4026531840 BOOT-ID". The first namespace has the same number after every
 * start of the machine, which a run directory on a disk lives through.
 */
static void
mark_here(char mark[static MARK_MAX])
{
	char space[64], *boot = gw_read_file("/proc/sys/kernel/random/boot_id");

	name_space(AT_FDCWD, "/proc/self/ns/net", space);
	if (boot != NULL)
		boot[strcspn(boot, "\n")] = '\0';
	snprintf(mark, MARK_MAX, "%s %.50s", space, boot != NULL ? boot : "");
	free(boot);
}

/*
 * Whether one of the files that suffix names in the directory's folders (or
 * the directory's own files, for "") is the namespace. Without CAP_SYS_PTRACE
 * /proc shows root no such file of a process that has more capabilities, or
 * another user: who was not looked at may be in it.
 */
static enum life
found_in(const char *dir, const char *suffix, const char *space)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char text[64], path[NAME_MAX + 16];
	enum life found = GONE;

	while (d != NULL && found != LIVES && (entry = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s%s", entry->d_name, suffix);
		name_space(dirfd(d), path, text);
		if (strcmp(text, space) == 0)
			found = LIVES;
		else if (text[0] == '\0' && (errno == EACCES || errno == EPERM))
			found = HIDDEN;
	}
	if (d != NULL)
		closedir(d);
	return found;
}

/* Whether what bears the mark is there yet: of this start of the machine, and
 * with a process in it, or a name that `ip netns` gave it. */
static enum life
life_of(const char *mark, const char *here)
{
	size_t n = strcspn(mark, " ");
	enum life life;
	char space[64];

	if (strcmp(mark + n, strchr(here, ' ')) != 0)
		return GONE;
	snprintf(space, sizeof(space), "%.*s", (int)n, mark);
	life = found_in("/run/netns", "", space);
	return life == GONE ? found_in("/proc", "/ns/net", space) : life;
}

/* What a gateway noted, or NULL; to be freed. */
static char *
marked(const char *run_dir)
{
	char *path, *mark;

	if (asprintf(&path, "%s/netns", run_dir) < 0)
		abort();
	mark = gw_read_file(path);
	free(path);
	if (mark != NULL)
		mark[strcspn(mark, "\n")] = '\0';
	return mark;
}

/* Another gateway that is up here, by its name; to be freed. */
static char *
rival(const struct gw_system *sys, const char *here)
{
	static const char prefix[] = "gateway-";
	char *parent = pd_xstrdup(sys->run_dir), *found = NULL;
	struct dirent *entry;
	DIR *d;

	*strrchr(parent, '/') = '\0';
	d = opendir(parent);
	while (d != NULL && found == NULL && (entry = readdir(d)) != NULL) {
		const char *name = entry->d_name + sizeof(prefix) - 1;
		char *dir, *mark;

		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0 ||
		    strcmp(name, sys->name) == 0)
			continue;
		if (asprintf(&dir, "%s/%s", parent, entry->d_name) < 0)
			abort();
		mark = marked(dir);
		if (mark != NULL && strcmp(mark, here) == 0)
			found = pd_xstrdup(name);
		free(mark);
		free(dir);
	}
	if (d != NULL)
		closedir(d);
	free(parent);
	return found;
}

int
gw_netns_check(struct gw_system *sys)
{
	char here[MARK_MAX];
	char *there = marked(sys->run_dir), *other;
	enum life life = GONE;
	int rc = 0;

	mark_here(here);
	other = rival(sys, here);
	if (there != NULL && strcmp(there, here) != 0)
		life = life_of(there, here);
	if (life == HIDDEN)
		rc = gw_fail(sys,
		    "gateway %s was brought up in another network namespace "
		    "(%s), and whether that is there yet is not shown to who "
		    "lacks CAP_SYS_PTRACE; if it is gone, remove %s",
		    sys->name, there, sys->run_dir);
	else if (life == LIVES)
		rc = gw_fail(sys,
		    "gateway %s is up in another network namespace (%s); go "
		    "there (ip netns exec, nsenter)",
		    sys->name, there);
	else if (other != NULL)
		rc = gw_fail(sys,
		    "gateway %s is up in this network namespace; first: "
		    "pared-gateway down --name %s",
		    other, other);
	free(other);
	free(there);
	return rc;
}

bool
gw_netns_is_orphan(struct gw_system *sys)
{
	char here[MARK_MAX], *there = marked(sys->run_dir);
	bool gone;

	mark_here(here);
	gone = there != NULL && strcmp(there, here) != 0 &&
	       life_of(there, here) == GONE;
	free(there);
	return gone;
}

int
gw_netns_mark(struct gw_system *sys)
{
	char here[MARK_MAX], line[MARK_MAX + 1], *path,
	    *there = marked(sys->run_dir);
	bool same;
	int rc;

	mark_here(here);
	same = there != NULL && strcmp(there, here) == 0;
	free(there);
	if (same)
		return 0;
	snprintf(line, sizeof(line), "%s\n", here);
	path = gw_system_path(sys, "netns");
	rc = gw_write_file(path, line, 0600);
	if (rc < 0)
		gw_fail(sys, "%s: %s", path, strerror(errno));
	free(path);
	return rc;
}
