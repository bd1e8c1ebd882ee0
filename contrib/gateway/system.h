/*
 * The machine as the steps' kinds see it: netlink sockets, directories, how to
 * run a program, and why the last thing failed.
 *
 * Thread: main.
 */
#ifndef GW_SYSTEM_H
#define GW_SYSTEM_H

#include <sys/stat.h>
#include <sys/types.h>

#include "step.h"

struct gw_config;
struct nl_sock;

#define GW_WHY 512

struct gw_system {
	const char *name;       /* the gateway's */
	const char *run_dir;    /* "/run/pared-gateway/gateway-home" */
	const char *state_dir;  /* "/var/lib/pared-gateway/home" */
	char why[GW_WHY];       /* of the last -1: what, and the remedy */
	struct nl_sock *route;  /* of gw_system_route(); NULL: not yet */
	struct pd_arena *arena; /* of what remember() adds: gw_step_set(s,
				   sys->arena, "was", ...) */
};

/* The texts are copied. Creates no directory. */
void gw_system_init(struct gw_system *sys, const char *name,
    const char *run_dir, const char *state_dir);
/* The same, with the names and places that the configuration says. */
void gw_system_of(struct gw_system *sys, const struct gw_config *c);
void gw_system_finish(struct gw_system *sys);

/* "gateway:NAME": the alias of our links, and the comment of our rules in other
 * people's chains. Returns buf. */
#define GW_TAG (sizeof("gateway:") + GW_NAME_MAX)
const char *gw_system_tag(const struct gw_system *sys, char buf[static GW_TAG]);
/* A path below the run directory; the caller frees it. */
char *gw_system_path(const struct gw_system *sys, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Says why; returns -1. */
int gw_fail(struct gw_system *sys, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A connected NETLINK_ROUTE socket, or NULL after gw_fail(). */
struct nl_sock *gw_system_route(struct gw_system *sys);
/* The step's argument "mode", which is octal: "0600". */
mode_t gw_step_mode(const struct gw_step *s);
/* A link's number, 0 when there is none. Not cached: links come and go. */
int gw_system_link(struct gw_system *sys, const char *name);

/* The directory of a path; those above it that are missing get mode 0755. 0 or
 * -1 with errno. */
int gw_mkdirs(const char *path, mode_t mode);
/* So that a new name in the directory of path, or one less, is there after a
 * loss of power, too. 0 or -1 with errno. */
int gw_sync_directory(const char *path);
/* Written beside, synced, renamed, and the directory synced. 0 or -1 with
 * errno. */
int gw_write_file(const char *path, const char *text, mode_t mode);
/* The same with the mode and, unless its st_nlink is 0, the owner of like. */
int
gw_replace_file(const char *path, const char *text, const struct stat *like);
/* It goes for good, and what a crash may have left beside it. None there: 0. */
int gw_remove_file(const char *path);
/* All of a file of at most 64 MiB; the caller frees it. NULL with errno: EFBIG,
 * EILSEQ for one that holds NUL. */
char *gw_read_file(const char *path);
/* FNV-1a, 64 bits: to see that a text changed, by accident and not by malice.
 * h: GW_HASH, or what came of the text before. */
#define GW_HASH 0xcbf29ce484222325u
uint64_t gw_hash(uint64_t h, const char *text);

/* ---- run.c: other programs, by argument vector, never by a shell ---- */

struct gw_spawn {
	const char *path;        /* of the program */
	const char *const *argv; /* its words, the first of them its name */
	const char *const *env;  /* "NAME=VALUE", added to PATH and LC_ALL;
				    NULL: none */
	const char *cwd;         /* NULL: where we are */
	int fds[3];              /* its standard input, output and error */
};
/*
 * Starts it with signals as they are by default, these descriptors alone, and
 * a session of its own: a key pressed at the terminal does not end it in the
 * middle of a change, and a signal to -pid reaches what it starts. 0, or an
 * errno.
 */
int gw_spawn(const struct gw_spawn *s, pid_t *pid);

struct gw_run {
	const char *const *argv; /* argv[0]: a name, looked for in a fixed
				    path of sbin and bin directories */
	const char *const *env;  /* "NAME=VALUE", added to a clean environment;
				    NULL: none */
	const char *input;       /* to its standard input; NULL: empty */
	int timeout_ms;          /* then it is killed; 0: 20 s */
	size_t most;             /* bytes that it may write; 0: 1 MiB */
	/* Out: */
	char *output;     /* what it wrote to stdout; free */
	char *complaints; /* what it wrote to stderr, at most 4 KiB; free */
	int status;       /* exit status, 128 + signal, 127: not found */
};

/* Waits. 0 when it ran and exited 0, else -1. The caller frees output and
 * complaints in either case. */
int gw_run(struct gw_run *r);
/* The same for who wants no more than a word on failure: gw_fail() with the
 * program's own complaint. */
int gw_run_or_fail(struct gw_system *sys, struct gw_run *r);
/* Where a program is, in the fixed path; NULL: not installed. The caller frees
 * it. */
char *gw_program(const char *name);

#endif
