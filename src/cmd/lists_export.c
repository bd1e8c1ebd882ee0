/*
 * pared lists export: the hosts that lists block whole, for a name server.
 *
 * What it gets is less than what pared knows: a name server sees neither paths
 * nor who asks for what. It reaches more, too: whatever does not go through
 * the proxy.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "cmd/bar.h"
#include "cmd/lists.h"
#include "cmd/lists_names.h"
#include "filters/block/block.h"
#include "filters/block/build.h"
#include "filters/block/host.h"
#include "portal.h"

static const char usage[] =
    "usage: pared lists export [-c FILE] [--list FILE]... [--source NAME]...\n"
    "                          [--format NAME] [--output FILE]\n"
    "\n"
    "  pared lists export --output /var/lib/pared/lists/unbound.conf\n"
    "  pared lists export --format hosts > blocked.hosts\n"
    "\n"
    "  -c FILE        the configuration; else " PD_CMD_CONF "\n"
    "  --list FILE    of this file alone (may be given more than once); needs\n"
    "                 no configuration\n"
    "  --source NAME  of this list, too, which is off or only for policies\n"
    "                 that name it\n"
    "  --format NAME  unbound (the default): lines for its server section\n"
    "                 hosts: 0.0.0.0 and a name\n"
    "                 domains: a name\n"
    "                 dnsmasq: lines for its configuration\n"
    "                 rpz: a response policy zone\n"
    "  --output FILE  write there, whole or not at all; the one before stays\n"
    "                 beside it as FILE.old\n"
    "\n"
    "Taken are rules for a whole host, for everyone: ||host^, lines of hosts\n"
    "and domain lists; without those that an exception of that kind lets\n"
    "pass, and connectivity checks. Rules with options or paths are left out\n"
    "and counted. hosts and domains know no \"and all below it\": they name\n"
    "what stands in the lists.\n";

/* Whether a syntax takes a name. */
enum taken { TAKEN, TOO_LONG, OTHER_MEANING, TAKEN_KINDS };

/* How a syntax says it; NULL: it cannot, and the name is left out. */
struct format {
	const char *name;
	enum taken (*takes)(const char *name); /* NULL: it takes any */
	void (*head)(FILE *out);
	void (*says[PD_NAME_PASSES + 1])(FILE *out, const char *name);
};

static void
unbound_below(FILE *out, const char *name)
{
	fprintf(out, "local-zone: \"%s\" always_null\n", name);
}

/* The same answer as always_null's, for the name and nothing below it. */
static void
unbound_alone(FILE *out, const char *name)
{
	fprintf(out,
	    "local-data: \"%s A 0.0.0.0\"\nlocal-data: \"%s AAAA ::\"\n", name,
	    name);
}

static void
unbound_passes(FILE *out, const char *name)
{
	fprintf(out, "local-zone: \"%s\" transparent\n", name);
}

static void
hosts_line(FILE *out, const char *name)
{
	fprintf(out, "0.0.0.0 %s\n", name);
}

static void
domains_line(FILE *out, const char *name)
{
	fprintf(out, "%s\n", name);
}

static void
dnsmasq_below(FILE *out, const char *name)
{
	fprintf(out, "address=/%s/#\n", name);
}

static void
dnsmasq_alone(FILE *out, const char *name)
{
	fprintf(out, "host-record=%s,0.0.0.0,::\n", name);
}

static void
dnsmasq_passes(FILE *out, const char *name)
{
	fprintf(out, "server=/%s/#\n", name);
}

/* A name has 253 characters at most (RFC 1035, 2.3.4) with "*." before it and
 * the zone's own, for which 64 are kept, behind it. */
#define RPZ_NAME_MAX      187
#define RPZ_NAME_MAX_TEXT "187"

/*
 * One name that is too long, and no server loads the zone. Names below
 * "rpz-ip", "rpz-client-ip" and the like are no names there: a list could have
 * answers thrown away by their addresses, or whole networks refused.
 */
static enum taken
rpz_takes(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *top = dot != NULL ? dot + 1 : name;

	if (strlen(name) > RPZ_NAME_MAX)
		return TOO_LONG;
	return strncmp(top, "rpz-", 4) == 0 ? OTHER_MEANING : TAKEN;
}

/* The serial number tells secondaries which is newer (RFC 1982). */
static void
rpz_head(FILE *out)
{
	fprintf(out,
	    "$TTL 300\n"
	    "@ SOA localhost. hostmaster.localhost. %" PRIu32
	    " 3600 600 86400 300\n"
	    "@ NS localhost.\n",
	    (uint32_t)time(NULL));
}

static void
rpz_below(FILE *out, const char *name)
{
	fprintf(out, "%s CNAME .\n*.%s CNAME .\n", name, name);
}

static void
rpz_alone(FILE *out, const char *name)
{
	fprintf(out, "%s CNAME .\n", name);
}

static void
rpz_passes(FILE *out, const char *name)
{
	fprintf(out, "%s CNAME rpz-passthru.\n*.%s CNAME rpz-passthru.\n", name,
	    name);
}

/* The first is the default. */
static const struct format formats[] = {
	{ "unbound", NULL, NULL,
	    { [PD_NAME_BELOW] = unbound_below,
		[PD_NAME_ALONE] = unbound_alone,
		[PD_NAME_PASSES] = unbound_passes } },
	{ "hosts", NULL, NULL,
	    { [PD_NAME_BELOW] = hosts_line,
		[PD_NAME_ALONE] = hosts_line,
		[PD_NAME_COVERED] = hosts_line } },
	{ "domains", NULL, NULL,
	    { [PD_NAME_BELOW] = domains_line,
		[PD_NAME_ALONE] = domains_line,
		[PD_NAME_COVERED] = domains_line } },
	{ "dnsmasq", NULL, NULL,
	    { [PD_NAME_BELOW] = dnsmasq_below,
		[PD_NAME_ALONE] = dnsmasq_alone,
		[PD_NAME_PASSES] = dnsmasq_passes } },
	{ "rpz", rpz_takes, rpz_head,
	    { [PD_NAME_BELOW] = rpz_below,
		[PD_NAME_ALONE] = rpz_alone,
		[PD_NAME_PASSES] = rpz_passes } },
};

static const struct format *
find_format(const char *name)
{
	struct pd_str_near near = pd_str_near(name);

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
		pd_str_near_try(&near, formats[i].name);
	}
	fprintf(
	    stderr, "pared lists export: there is no format \"%.100s\"", name);
	pd_cmd_suggest(&near);
	return NULL;
}

struct export
{
	const struct pd_lists_words *words;
	const struct format *format;
	const char *path; /* NULL: stdout */
	struct pd_names *names;
	FILE *out;
	uint64_t n, refused[TAKEN_KINDS];
};

static void
write_name(void *arg, const char *name, enum pd_name_is is)
{
	struct export *e = arg;
	enum taken taken =
	    e->format->takes != NULL ? e->format->takes(name) : TAKEN;

	if (e->format->says[is] == NULL)
		return;
	if (taken != TAKEN) {
		e->refused[taken]++;
		return;
	}
	e->format->says[is](e->out, name);
	if (is != PD_NAME_PASSES)
		e->n++;
}

static void
let_pass(void *arg, struct pd_str host)
{
	pd_names_let_pass(arg, host);
}

/* Ziproxy's files name URLs, and some lists are for some clients alone. */
static bool
is_for_everyone(const struct export *e, const struct pd_conf *conf,
    const struct pd_source_params *list)
{
	if (list->action != PD_RULE_BLOCK)
		return false;
	for (size_t i = 0; i < e->words->sources.n; i++) {
		if (pd_str_eq(list->name, pd_str_z(e->words->sources.v[i])))
			return true;
	}
	for (size_t i = 0; i < conf->nsources; i++) {
		if (pd_str_eq(list->name, pd_str_z(conf->sources[i].name)))
			return !conf->sources[i].only_named;
	}
	return true;
}

/* What no list may touch, and what the configuration takes out of them. */
static void
let_others_pass(struct export *e, const struct pd_conf *conf)
{
	char buf[PD_HOST_TEXT];
	struct pd_str host;

	pd_names_let_pass(e->names, PD_STR(PD_PORTAL_NAME));
	for (size_t i = 0; i < conf->portal_names.n; i++) {
		if (pd_host_normal(pd_str_z(conf->portal_names.v[i]), buf,
			&host) != PD_HOST_FORM_BAD)
			pd_names_let_pass(e->names, host);
	}
	for (size_t i = 0; i < conf->nsites; i++) {
		if (conf->sites[i].lists_off)
			pd_names_let_pass(
			    e->names, pd_str_z(conf->sites[i].host));
	}
}

/* All are read even after one failed, so that everything wrong is told. */
static int
read_lists(struct export *e, const struct pd_conf *conf)
{
	struct pd_build *b = pd_build_create(conf, &pd_lists_report);
	struct pd_probe_set *probes = pd_probe_load(conf, &pd_lists_report);
	int rc = probes != NULL ? 0 : -1;

	if (probes != NULL)
		pd_probe_hosts(probes, let_pass, e->names);
	let_others_pass(e, conf);
	for (size_t i = 0; i < pd_build_lists(b); i++) {
		pd_bar(NULL, i, pd_build_lists(b), pd_build_list(b, i)->name);
		if (is_for_everyone(e, conf, pd_build_list(b, i)) &&
		    pd_build_read(
			b, i, pd_names_sink(e->names), &pd_lists_report) < 0)
			rc = -1;
	}
	pd_bar_clear();
	pd_probe_destroy(probes);
	pd_build_destroy(b);
	return rc;
}

static void
tell(const struct export *e)
{
	static const char *const refusals[] = {
		[TOO_LONG] = "names of over " RPZ_NAME_MAX_TEXT " characters",
		[OTHER_MEANING] = "names that mean something else in a zone",
	};

	fprintf(stderr, "%" PRIu64 " names\n", e->n);
	for (int i = 0; i < PD_NAMES_LEFT_KINDS; i++) {
		enum pd_names_left why = (enum pd_names_left)i;
		uint64_t n = pd_names_left(e->names, why);

		if (n > 0)
			fprintf(stderr, "  left out %" PRIu64 ": %s\n", n,
			    pd_names_left_sentence(why));
	}
	for (int i = TOO_LONG; i < TAKEN_KINDS; i++) {
		if (e->refused[i] > 0)
			fprintf(stderr, "  left out %" PRIu64 ": %s\n",
			    e->refused[i], refusals[i]);
	}
}

static int
put(const struct export *e, const char *text, size_t n)
{
	if (e->path == NULL) {
		fwrite(text, 1, n, stdout);
		return PD_CMD_OK;
	}
	if (pd_build_put(e->path, text, n) == 0)
		return PD_CMD_OK;
	fprintf(stderr, "pared lists export: %s cannot be written: %s\n",
	    e->path, strerror(errno));
	return PD_CMD_FAIL;
}

static int export(struct export *e, const struct pd_conf *conf)
{
	char *text = NULL;
	size_t n = 0;
	int rc = PD_CMD_FAIL;

	e->names = pd_names_create();
	if (read_lists(e, conf) == 0) {
		e->out = open_memstream(&text, &n);
		if (e->out == NULL)
			abort();
		if (e->format->head != NULL)
			e->format->head(e->out);
		pd_names_each(e->names, write_name, e);
		if (fclose(e->out) != 0)
			abort();
		rc = put(e, text, n);
	}
	if (rc == PD_CMD_OK)
		tell(e);
	else if (e->path != NULL)
		fprintf(
		    stderr, "pared lists export: %s is as it was\n", e->path);
	free(text);
	pd_names_destroy(e->names);
	return rc;
}

static int
export_words(struct export *e)
{
	struct pd_conf *conf = pd_lists_conf(e->words);
	int rc = PD_CMD_FAIL;

	if (conf != NULL && pd_lists_detach(conf, e->words) == 0)
		rc = export(e, conf);
	pd_conf_unref(conf);
	return pd_cmd_end(rc);
}

int
pd_lists_cmd_export(int argc, char **argv)
{
	struct pd_lists_words w = { 0 };
	const char *format = formats[0].name;
	struct export e = { .words = &w };
	const struct pd_cmd_option options[] = {
		{ "config", 'c', .value = &w.conf_path },
		{ "format", .value = &format },
		{ "list", .values = &w.files },
		{ "output", .value = &e.path },
		{ "source", .values = &w.sources },
		{ 0 },
	};
	struct pd_cmd_line line = { "lists export", usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO && w.files.n > 0 && w.sources.n > 0)
		rc = pd_cmd_wrong(
		    &line, "--list and --source do not go together");
	if (rc == PD_CMD_GO) {
		e.format = find_format(format);
		rc = e.format != NULL ? export_words(&e) : PD_CMD_USAGE;
	}
	pd_lists_words_finish(&w);
	return rc;
}
