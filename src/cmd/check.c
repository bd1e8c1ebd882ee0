/*
 * pared check: is the configuration right, and what does it come to? Also what
 * is made from the option table: conf/pared.conf and its manual page.
 */
#include <stdlib.h>

#include "base/conf.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "setup.h"

static const char usage[] =
    "usage: pared check [-c FILE] [-o NAME=VALUE]... [--ziproxy] [--json]\n"
    "       pared check --defaults | --manual\n"
    "\n"
    "  pared check                      is " PD_CMD_CONF " right?\n"
    "  pared check -c ziproxy.conf      and what becomes of each option?\n"
    "  pared check --defaults           every option, at its default\n"
    "\n"
    "  -c FILE         the configuration; else " PD_CMD_CONF ", if it is\n"
    "                  there, or the defaults\n"
    "  -o NAME=VALUE   as if this line stood at the end of the file\n"
    "  -z, --ziproxy   read the file as Ziproxy does, whatever it holds\n"
    "  --json          the result as JSON\n"
    "  --defaults      every option at its default, as a file to begin with\n"
    "  --manual        the options as pared.conf(5), in mdoc\n";

struct findings {
	bool json, failed; /* failed: an error was among them */
	char *messages;    /* JSON objects, separated by commas */
	size_t len;
	FILE *out;
	unsigned n;
};

static void
on_line(void *arg, bool error, const char *text)
{
	struct findings *f = arg;

	f->failed = f->failed || error;
	if (!f->json) {
		fprintf(stderr, "%s%s\n", error ? "" : "note: ", text);
		return;
	}
	fprintf(f->out,
	    "%s\n    {\"level\": \"%s\", \"text\": ", f->n++ > 0 ? "," : "",
	    error ? "error" : "note");
	pd_json_write(f->out, pd_str_z(text));
	putc('}', f->out);
}

/* What a reader wants to see at a glance. */
static void
print_summary(const struct pd_setup *setup)
{
	const struct pd_conf *c = setup->conf;
	char buf[PD_ADDR_TEXT];
	struct pd_addr a;
	size_t nlists = 0;

	fputs("  listens on ", stdout);
	if (c->address.n == 0)
		printf(" 127.0.0.1:%d [::1]:%d", (int)c->port, (int)c->port);
	for (size_t i = 0; i < c->address.n; i++) {
		if (pd_addr_parse(pd_str_z(c->address.v[i]), &a) < 0)
			continue;
		a.port = (uint16_t)c->port;
		printf(" %s", pd_addr_text_port(&a, buf));
	}
	printf("\n  serves      %s, %s\n",
	    c->only_from_set ? "whom OnlyFrom names"
			     : "this machine and private networks",
	    c->auth_mode == 0 ? "without a password" : "with a password");
	if (c->next_proxy != NULL)
		printf(
		    "  parent      %s:%d\n", c->next_proxy, (int)c->next_port);
	for (size_t i = 0; i < c->nsources; i++)
		nlists += !c->sources[i].off;
	printf("  lists       %zu, %zu rules\n", nlists,
	    pd_block_rules(setup->rules));
	printf("  access log  %s\n",
	    c->access_log != NULL ? c->access_log : "off");
}

static void
print_json(const char *path, const struct pd_conf *c, struct findings *f)
{
	printf("{\n  \"ok\": %s,\n  \"file\": ", c != NULL ? "true" : "false");
	if (path != NULL)
		pd_json_write(stdout, pd_str_z(path));
	else
		fputs("null", stdout);
	fflush(f->out);
	printf(",\n  \"ziproxy\": %s,\n  \"messages\": [%s%s]",
	    c != NULL && c->ziproxy ? "true" : "false", f->messages,
	    f->n > 0 ? "\n  " : "");
	if (c != NULL && c->ziproxy) {
		fputs(",\n  \"options\": ", stdout);
		if (pd_conf_write_ziproxy_table(path, stdout, true) < 0)
			fputs("[]", stdout);
	}
	fputs("}\n", stdout);
}

static int
check(const char *path, const char *const *overrides, size_t noverrides,
    bool ziproxy, bool json)
{
	struct findings f = { .json = json };
	struct pd_conf_report report = { on_line, &f };
	struct pd_setup *setup = NULL;
	struct pd_conf *c;
	bool ok;

	f.out = open_memstream(&f.messages, &f.len);
	if (f.out == NULL)
		abort();
	c = pd_conf_load(path, overrides, noverrides, ziproxy, &report);
	/* All that it names is read too, as `pared run` would. */
	if (c != NULL)
		setup = pd_setup_create(c, PD_SETUP_LOOK, NULL, &report);
	/* Of before there may be rules that stand in for what is wrong. */
	ok = setup != NULL && !f.failed;
	c = ok ? setup->conf : NULL;
	if (json) {
		print_json(path, c, &f);
	} else if (ok) {
		printf("%s: ok\n", path != NULL ? path : "defaults");
		print_summary(setup);
		if (c->ziproxy && path != NULL) {
			putchar('\n');
			pd_conf_write_ziproxy_table(path, stdout, false);
		}
	}
	fclose(f.out);
	free(f.messages);
	pd_setup_unref(setup);
	return ok ? PD_CMD_OK : PD_CMD_FAIL;
}

int
pd_cmd_check(int argc, char **argv)
{
	const char *path = NULL;
	struct pd_cmd_values overrides = { 0 };
	bool defaults = false, manual = false, json = false, ziproxy = false;
	const struct pd_cmd_option options[] = {
		{ "config", 'c', .value = &path },
		{ "defaults", .flag = &defaults },
		{ "json", .flag = &json },
		{ "manual", .flag = &manual },
		{ "option", 'o', .values = &overrides },
		{ "ziproxy", 'z', .flag = &ziproxy },
		{ 0 },
	};
	struct pd_cmd_line line = { "check", usage, options, .most = 0 };
	int rc = pd_cmd_parse(&line, argc, argv);

	if (rc == PD_CMD_GO) {
		rc = PD_CMD_OK;
		if (defaults)
			pd_conf_write_defaults(stdout);
		else if (manual)
			pd_conf_write_manual(stdout);
		else
			rc = check(pd_cmd_conf_path(path), overrides.v,
			    overrides.n, ziproxy, json);
		rc = pd_cmd_end(rc);
	}
	pd_cmd_values_free(&overrides);
	return rc;
}
