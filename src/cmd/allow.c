/*
 * pared allow: lets a host through for a while, above all lists. Writes the
 * file that the daemon looks at (filters/block/allow.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "cmd/cmd.h"
#include "filters/block/allow.h"
#include "filters/block/build.h"
#include "filters/block/host.h"
#include "filters/block/match.h"
#include "http/url.h"

#define MINUTES_USUAL 60

static const char usage[] =
    "usage: pared allow [-c FILE] [--minutes N] [--device ADDRESS] HOST\n"
    "       pared allow [-c FILE] --list [--json]\n"
    "       pared allow [-c FILE] [--device ADDRESS] --end HOST\n"
    "\n"
    "  pared allow example.org               an hour, for every device\n"
    "  pared allow --minutes 10 --device 10.77.0.7 https://example.org/page\n"
    "\n"
    "  -c FILE           the configuration, for its lists.directory\n"
    "  --minutes N       how long; a week (10080) at most\n"
    "  --device ADDRESS  for the device with this address alone\n"
    "  --list            what is let through now\n"
    "  --json            the same as JSON\n"
    "  --end HOST        blocks as before\n"
    "\n"
    "What is below HOST is let through as well, and what pages of HOST ask\n"
    "for. A running pared sees it within a second.\n";

struct request {
	const char *conf_path;
	const char *host;      /* as given */
	struct pd_addr device; /* family 0: every one */
	unsigned minutes;
	const char *rules; /* where the rule file would be */
	bool list, json, end;
};

/* Options whose values are looked at when all is there. */
struct words {
	const char *minutes, *device;
};

static void
on_line(void *arg, bool error, const char *text)
{
	(void)arg;
	if (error)
		fprintf(stderr, "%s\n", text);
}

static int
wrong(const char *what, const char *value)
{
	fprintf(stderr, "pared allow: %s: \"%.100s\"; see pared allow -h\n",
	    what, value);
	return PD_CMD_USAGE;
}

static const char *
clock_text(int64_t at_s, char buf[32])
{
	time_t t = (time_t)at_s;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(buf, 32, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(buf, 32, "%" PRId64, at_s);
	return buf;
}

struct listing {
	int64_t now_s;
	bool json;
	size_t n;
	/* What --end looks for; empty: everything. */
	struct pd_str host;
	const struct pd_addr *device;
};

static void
print_entry(void *arg, const struct pd_addr *client, struct pd_str host,
    int64_t until_s)
{
	struct listing *l = arg;
	char text[PD_ADDR_TEXT], at[32];

	if (client != NULL)
		pd_addr_text(client, text);
	if (l->json) {
		printf("%s\n  {\"host\": ", l->n > 0 ? "," : "");
		pd_json_write(stdout, host);
		fputs(", \"device\": ", stdout);
		if (client != NULL)
			pd_json_write(stdout, pd_str_z(text));
		else
			fputs("null", stdout);
		printf(", \"until\": %" PRId64 ", \"seconds\": %" PRId64 "}",
		    until_s, until_s - l->now_s);
	} else {
		if (l->n == 0)
			printf("%-16s  %8s  %-20s  %s\n", "UNTIL", "MINUTES",
			    "DEVICE", "HOST");
		printf("%-16s  %8" PRId64 "  %-20s  %.*s\n",
		    clock_text(until_s, at), (until_s - l->now_s + 59) / 60,
		    client != NULL ? text : "every", PD_STR_ARG(host));
	}
	l->n++;
}

static void
count_entry(void *arg, const struct pd_addr *client, struct pd_str host,
    int64_t until_s)
{
	struct listing *l = arg;

	(void)until_s;
	if (pd_str_eq(host, l->host) &&
	    (l->device == NULL ||
		(client != NULL && pd_addr_equal(client, l->device))))
		l->n++;
}

/* A host, or what a browser's address bar has: the host in it. */
static struct pd_str
host_in(const char *given, char buf[PD_HOST_TEXT])
{
	struct pd_arena *arena = pd_arena_create();
	struct pd_str s = pd_str_z(given), host;
	struct pd_authority authority;
	const char *mark = strstr(given, "://");

	if (mark != NULL)
		s = pd_str_z(mark + 3);
	s.n = strcspn(s.p, "/?#");
	if (pd_str_starts(s, PD_STR("*.")))
		s = pd_str_of(s.p + 2, s.n - 2);
	if (pd_authority_parse(s, 443, arena, &authority) == PD_URL_OK)
		s = authority.host;
	if (pd_host_normal(s, buf, &host) == PD_HOST_FORM_BAD)
		host = PD_STR("");
	pd_arena_destroy(arena);
	return host;
}

static int
list_all(struct pd_allow *a, const struct request *r, int64_t now_s)
{
	struct listing l = { .now_s = now_s, .json = r->json };

	if (r->json)
		putchar('[');
	pd_allow_each(a, now_s, print_entry, &l);
	if (r->json)
		fputs(l.n > 0 ? "\n]\n" : "]\n", stdout);
	else if (l.n == 0)
		puts("nothing is let through");
	return pd_cmd_end(PD_CMD_OK);
}

/* "com", and what the rule file knows to be like it, if there is one. */
static bool
is_wide(struct pd_str host, const char *rules)
{
	bool wide = memchr(host.p, '.', host.n) == NULL;
	struct pd_set *set;
	const char *why;

	if (pd_host_is_address(host))
		return false;
	set = wide ? NULL : pd_set_open(rules, &why);
	if (set != NULL)
		wide = pd_match_is_suffix(set, host);
	pd_set_unref(set);
	return wide;
}

static int
fail_change(const char *path, int err)
{
	const char *fix = "";

	if (err == ENOBUFS) {
		fprintf(stderr,
		    "pared allow: %d are let through already; end some: pared "
		    "allow --list\n",
		    PD_ALLOW_MAX);
		return PD_CMD_FAIL;
	}
	if (err == EACCES)
		fix = "; run it as root, or as the user that pared runs as";
	else if (err == ENOENT)
		fix = "; make the directory";
	fprintf(stderr, "pared allow: %s: %s%s\n", path, strerror(err), fix);
	return PD_CMD_FAIL;
}

static int
change(struct pd_allow *a, const struct request *r, const char *path,
    int64_t now_s)
{
	const struct pd_addr *device =
	    r->device.family != 0 ? &r->device : NULL;
	char buf[PD_HOST_TEXT], at[32], who[PD_ADDR_TEXT] = "every device";
	struct listing l = { .host = host_in(r->host, buf), .device = device };

	if (l.host.n == 0)
		return wrong("no host", r->host);
	if (r->end) {
		pd_allow_each(a, now_s, count_entry, &l);
		if (l.n == 0) {
			fprintf(stderr,
			    "pared allow: %.*s is not let through; see pared "
			    "allow --list\n",
			    PD_STR_ARG(l.host));
			return PD_CMD_FAIL;
		}
	}
	if (!r->end && is_wide(l.host, r->rules))
		return wrong("others' sites are below it", r->host);
	if (pd_allow_set(a, device, l.host, r->end ? 0 : r->minutes, now_s) < 0)
		return fail_change(path, errno);
	if (device != NULL)
		pd_addr_text(device, who);
	if (r->end)
		printf("%.*s: as before, for %s\n", PD_STR_ARG(l.host), who);
	else
		printf("%.*s: let through until %s, for %s\n",
		    PD_STR_ARG(l.host),
		    clock_text(now_s + (int64_t)r->minutes * 60, at), who);
	return pd_cmd_end(PD_CMD_OK);
}

static int
carry_out(struct request *r)
{
	struct pd_conf_report report = { on_line, NULL };
	struct pd_conf *conf = pd_conf_load(
	    pd_cmd_conf_path(r->conf_path), NULL, 0, false, &report);
	int64_t now_s = time(NULL);
	struct pd_allow *a;
	char *path, *rules;
	int rc;

	if (conf == NULL)
		return PD_CMD_FAIL;
	path = pd_build_path(conf, PD_BUILD_ALLOW);
	rules = pd_build_path(conf, PD_BUILD_RULES);
	pd_conf_unref(conf);
	if (path == NULL) {
		fputs("pared allow: the configuration has no directory for "
		      "it; see lists in pared.conf(5)\n",
		    stderr);
		return PD_CMD_FAIL;
	}
	r->rules = rules;
	a = pd_allow_open(path, NULL);
	rc = r->list ? list_all(a, r, now_s) : change(a, r, path, now_s);
	pd_allow_close(a);
	free(path);
	free(rules);
	return rc;
}

/* What the options say, once they are all known. */
static int
read_words(struct request *r, const struct words *w)
{
	struct pd_prefix device;
	int64_t minutes = MINUTES_USUAL;

	if (w->minutes != NULL &&
	    (pd_str_u63(pd_str_z(w->minutes), &minutes) < 0 || minutes < 1 ||
		minutes > PD_ALLOW_MINUTES_MAX))
		return wrong("minutes are 1 to 10080", w->minutes);
	r->minutes = (unsigned)minutes;
	/* A prefix of one: so a mapped address becomes IPv4. */
	if (w->device != NULL) {
		if (pd_prefix_parse(pd_str_z(w->device), &device) < 0 ||
		    !pd_addr_equal(&device.first, &device.last))
			return wrong("no address", w->device);
		r->device = device.first;
	}
	return PD_CMD_GO;
}

int
pd_cmd_allow(int argc, char **argv)
{
	struct request r = { 0 };
	struct words w = { 0 };
	const struct pd_cmd_option options[] = {
		{ "config", 'c', .value = &r.conf_path },
		{ "device", .value = &w.device },
		{ "end", .flag = &r.end },
		{ "json", .flag = &r.json },
		{ "list", .flag = &r.list },
		{ "minutes", .value = &w.minutes },
		{ 0 },
	};
	struct pd_cmd_line line = { "allow", usage, options, .most = 1 };
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO && r.list && r.end)
		rc = pd_cmd_wrong(&line, "--list and --end do not go together");
	if (rc == PD_CMD_GO && r.list && line.nwords > 0)
		rc = pd_cmd_wrong(&line, "--list is of every host");
	if (rc == PD_CMD_GO && !r.list && line.nwords == 0)
		rc = pd_cmd_wrong(&line, "which host?");
	if (rc == PD_CMD_GO)
		rc = read_words(&r, &w);
	if (rc == PD_CMD_GO) {
		r.host = r.list ? NULL : line.words[0];
		rc = carry_out(&r);
	}
	return rc;
}
