/*
 * pared lists verify: is the rule file whole, and what is in it?
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/json.h"
#include "cmd/lists.h"
#include "filters/block/build.h"
#include "filters/block/set.h"

static const char usage[] =
    "usage: pared lists verify [-c FILE] [--json] [RULEFILE]\n"
    "\n"
    "  pared lists verify               the rule file of the configuration\n"
    "  pared lists verify rules.pared   this one\n"
    "\n"
    "  -c FILE  the configuration; else " PD_CMD_CONF "\n"
    "  --json   the result as JSON\n"
    "\n"
    "Opens it as a worker does: magic, version, checksum, and every offset.\n"
    "Exit status 1 if it cannot be used.\n";

static const char *
age_text(int64_t built, char buf[40])
{
	int64_t s = (int64_t)time(NULL) - built;

	if (s < 0)
		snprintf(buf, 40, "in the future");
	else if (s < 2 * 60)
		snprintf(buf, 40, "%d seconds ago", (int)s);
	else if (s < 2 * 3600)
		snprintf(buf, 40, "%d minutes ago", (int)(s / 60));
	else if (s < 2 * 86400)
		snprintf(buf, 40, "%d hours ago", (int)(s / 3600));
	else
		snprintf(buf, 40, "%" PRId64 " days ago", s / 86400);
	return buf;
}

static void
print_section(void *arg, const char *name, size_t n)
{
	(void)arg;
	printf("  %-18s %12zu bytes\n", name, n);
}

static void
json_section(void *arg, const char *name, size_t n)
{
	bool *first = arg;

	fputs(*first ? "" : ", ", stdout);
	pd_json_write(stdout, pd_str_z(name));
	printf(": %zu", n);
	*first = false;
}

static void
print_text(const char *path, const struct pd_set *set, const char *stale)
{
	struct pd_compile_list l;
	char age[40];

	printf("%s: ok, %zu rules, %zu bytes, made %s\n", path,
	    pd_set_rules(set), pd_set_bytes(set),
	    age_text(pd_set_built(set), age));
	for (size_t i = 0; i < pd_set_lists(set); i++) {
		pd_set_list(set, i, &l);
		fputs("  list ", stdout);
		pd_lists_print_name(l.name, 20);
		printf(" %9u rules%s", l.rules, l.title.n > 0 ? "  " : "");
		pd_lists_print(l.title);
		putchar('\n');
	}
	pd_set_sections(set, print_section, NULL);
	if (stale != NULL)
		printf("note: %s\n", stale);
}

static void
print_json(const char *path, const struct pd_set *set, const char *stale)
{
	struct pd_compile_list l;
	bool first = true;

	fputs("{\n  \"ok\": true,\n  \"file\": ", stdout);
	pd_json_write(stdout, pd_str_z(path));
	printf(",\n  \"rules\": %zu,\n  \"bytes\": %zu,\n  \"built\": %" PRId64
	       ",\n  \"stale\": %s,\n  \"lists\": [",
	    pd_set_rules(set), pd_set_bytes(set), pd_set_built(set),
	    stale != NULL ? "true" : "false");
	for (size_t i = 0; i < pd_set_lists(set); i++) {
		pd_set_list(set, i, &l);
		pd_lists_json_name(i, l.name);
		printf(", \"rules\": %u, \"title\": ", l.rules);
		pd_json_write(stdout, l.title);
		putchar('}');
	}
	fputs("\n  ],\n  \"sections\": {", stdout);
	pd_set_sections(set, json_section, &first);
	fputs("}\n}\n", stdout);
}

static int
refuse(const char *path, const char *why, bool own, bool json)
{
	if (json) {
		fputs("{\n  \"ok\": false,\n  \"file\": ", stdout);
		pd_json_write(stdout, pd_str_z(path));
		fputs(",\n  \"why\": ", stdout);
		pd_json_write(stdout, pd_str_z(why));
		fputs("\n}\n", stdout);
	}
	fprintf(stderr, "pared lists verify: %s: %s%s\n", path, why,
	    own ? "; \"pared lists compile\" makes it anew" : "");
	return PD_CMD_FAIL;
}

/* conf NULL: of a file that stands alone. */
static int
verify(const char *path, const struct pd_conf *conf, bool json)
{
	const char *why = "", *stale = NULL;
	struct pd_set *set = pd_set_open(path, &why);
	struct pd_build *b;

	if (set == NULL)
		return refuse(path, why, conf != NULL, json);
	if (conf != NULL) {
		b = pd_build_create(conf, &pd_lists_report);
		if (!pd_build_is_current(b, set))
			stale = "the lists or their options are others now; "
				"it is made anew at the next start, or by "
				"\"pared lists compile\"";
		pd_build_destroy(b);
	}
	if (json)
		print_json(path, set, stale);
	else
		print_text(path, set, stale);
	pd_set_unref(set);
	return PD_CMD_OK;
}

static int
verify_words(const struct pd_lists_words *w, const char *path)
{
	struct pd_conf *conf;
	char *own;
	int rc;

	if (path != NULL)
		return pd_cmd_end(verify(path, NULL, w->json));
	conf = pd_lists_conf(w);
	if (conf == NULL)
		return PD_CMD_FAIL;
	own = pd_build_path(conf, PD_BUILD_RULES);
	if (own == NULL) {
		fputs("pared lists verify: there is no lists.directory, so no "
		      "rule "
		      "file\n",
		    stderr);
		rc = PD_CMD_FAIL;
	} else {
		rc = verify(own, conf, w->json);
	}
	free(own);
	pd_conf_unref(conf);
	return pd_cmd_end(rc);
}

int
pd_lists_cmd_verify(int argc, char **argv)
{
	struct pd_lists_words w = { 0 };
	const struct pd_cmd_option options[] = {
		{ "config", 'c', .value = &w.conf_path },
		{ "json", .flag = &w.json },
		{ 0 },
	};
	struct pd_cmd_line line = { "lists verify", usage, options, .most = 1 };
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO)
		rc = verify_words(&w, line.nwords > 0 ? line.words[0] : NULL);
	return rc;
}
