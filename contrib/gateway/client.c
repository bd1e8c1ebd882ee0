/* The store of clients: their files, read and written. */
#include "client.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf_load.h"
#include "system.h"
#include "tunnel/mschap.h"

#define SUFFIX ".conf"

#define ROW(name_, type_, member_, ...)                                    \
	{                                                                  \
		.name = (name_), .type = PD_CONF_##type_,                  \
		.offset = offsetof(struct gw_client, member_), .text = "", \
		__VA_ARGS__                                                \
	}

static const struct pd_conf_row rows[] = {
	ROW("tunnel", STRING, tunnel, .needed = true, .example = "phones"),
	ROW("address", ADDRESSES, address_text),
	ROW("public-key", STRING, public_key),
	ROW("preshared-key", STRING, preshared_key),
	ROW("private-key", STRING, private_key),
	ROW("password", STRING, password),
	ROW("certificate", STRING, certificate),
	ROW("created", STRING, created),
};

static const struct pd_conf_section root = {
	.name = "",
	.inner = { "client" },
};
static const struct pd_conf_section section = {
	.name = "client",
	.example = "kim",
	.rows = rows,
	.nrows = sizeof(rows) / sizeof(rows[0]),
};

/* A file that is being read. */
struct reading {
	struct gw_client *out;
	bool seen; /* its section */
};

char *
gw_clients_dir(const struct gw_config *c)
{
	char *path;

	if (asprintf(&path, "%s/%s/clients", c->state_dir, c->name) < 0)
		abort();
	return path;
}

static void
wipe(char *s)
{
	if (s != NULL)
		OPENSSL_cleanse(s, strlen(s));
}

void
gw_client_free(struct gw_client *cl)
{
	wipe(cl->preshared_key);
	wipe(cl->private_key);
	wipe(cl->password);
	pd_conf_section_clear(&section, cl);
	free(cl->name);
	free(cl->path);
	free(cl->address.v);
	*cl = (struct gw_client){ 0 };
}

void
gw_clients_free(struct gw_clients *clients)
{
	for (size_t i = 0; i < clients->n; i++)
		gw_client_free(&clients->v[i]);
	free(clients->v);
	*clients = (struct gw_clients){ 0 };
}

const struct gw_client *
gw_clients_find(const struct gw_clients *clients, const char *name)
{
	for (size_t i = 0; i < clients->n; i++) {
		if (pd_str_caseeq(pd_str_z(clients->v[i].name), pd_str_z(name)))
			return &clients->v[i];
	}
	return NULL;
}

const struct gw_client *
gw_clients_next(const struct gw_clients *clients, const struct gw_tunnel *t,
    const struct gw_client *before)
{
	size_t i = before != NULL ? (size_t)(before - clients->v) + 1 : 0;

	for (; i < clients->n; i++) {
		if (!clients->v[i].unfit &&
		    pd_str_caseeq(
			pd_str_z(clients->v[i].tunnel), pd_str_z(t->title)))
			return &clients->v[i];
	}
	return NULL;
}

/* ---- reading ---- */

static bool
is_time(const char *s)
{
	return strlen(s) == 20 && strspn(s, "0123456789-:TZ") == 20;
}

static void
say(struct pd_conf_load *l, const struct pd_conf_group *g,
    const struct pd_conf_place at, const char *name, const char *fix)
{
	pd_conf_say(l, at.line > 0 ? at : pd_conf_group_place(g, name), true,
	    "%s%s %s", g->what, name, fix);
}

/* What the words of a section are, each for itself. */
static void
check(struct pd_conf_load *l, const struct pd_conf_group *g,
    const struct gw_client *cl)
{
	static const struct pd_conf_place where = { .line = 0 };
	const char *const keys[][2] = {
		{ "public-key", cl->public_key },
		{ "preshared-key", cl->preshared_key },
		{ "private-key", cl->private_key },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i][1] != NULL && !gw_is_key(keys[i][1]))
			say(l, g, where, keys[i][0],
			    "is no WireGuard key: 44 letters of base64");
	}
	if (!gw_is_name(cl->tunnel, GW_TITLE_MAX))
		say(l, g, where, "tunnel", "is no name of a tunnel");
	if (cl->password != NULL && gw_mschap_unusable(cl->password) != NULL)
		say(l, g, where, "password",
		    "has to have 1 to 128 printable ASCII characters");
	if (cl->certificate != NULL && !gw_is_name(cl->certificate, 80))
		say(l, g, where, "certificate",
		    "is no name of a file beside the others");
	if (cl->created != NULL && !is_time(cl->created))
		say(l, g, where, "created",
		    "is no time, such as 2026-11-22T10:00:00Z");
}

static void
take_addresses(
    struct pd_conf_load *l, const struct pd_conf_group *g, struct gw_client *cl)
{
	struct pd_strings text = cl->address_text;

	cl->address_text = (struct pd_strings){ NULL, 0 };
	for (size_t i = 0; i < text.n; i++) {
		struct pd_addr a;

		if (gw_addr_parse(pd_str_z(text.v[i]), &a) == 0)
			gw_client_add_address(cl, &a);
		else
			pd_conf_say(l, pd_conf_group_place(g, "address"), true,
			    "%saddress: \"%s\" is no address that a client "
			    "can have",
			    g->what, text.v[i]);
	}
	pd_strings_free(&text);
}

static void
take(struct pd_conf_load *l, const struct pd_conf_statement *st,
    struct pd_conf_place at)
{
	struct reading *r = l->arg;
	struct pd_conf_group g;

	if (!pd_str_caseeq(pd_str_z(st->name), PD_STR("client"))) {
		pd_conf_say_unknown(l, at, st->name, &root);
		return;
	}
	if (r->seen) {
		pd_conf_say(l, at, true,
		    "a second client; write it into a file of its own");
		return;
	}
	r->seen = true;
	if (st->title == NULL || strcmp(st->title, r->out->name) != 0) {
		pd_conf_say(l, at, true,
		    "its name is not the file's; write client %s { ... }",
		    r->out->name);
		return;
	}
	pd_conf_group_init(&g, &section);
	if (pd_conf_section_read(l, &g, st, at, r->out) && !g.told) {
		check(l, &g, r->out);
		take_addresses(l, &g, r->out);
	}
	pd_conf_group_finish(&g);
}

static void
settle(struct pd_conf_load *l)
{
	const struct reading *r = l->arg;
	const struct pd_conf_place whole = { .line = 0 };

	if (!r->seen && !l->failed)
		pd_conf_say(l, whole, true,
		    "there is no client in it; remove the file, or write "
		    "client %s { ... }",
		    r->out->name);
}

/* "/x/kim.conf": "kim"; NULL when that is no name. */
static char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = pd_xstrdup(slash != NULL ? slash + 1 : path);
	size_t n = strlen(name), end = sizeof(SUFFIX) - 1;

	if (n > end && strcmp(name + n - end, SUFFIX) == 0) {
		name[n - end] = '\0';
		if (gw_is_name(name, GW_TITLE_MAX))
			return name;
	}
	free(name);
	return NULL;
}

int
gw_client_parse(const char *path, const char *text,
    const struct pd_conf_report *report, struct gw_client *out)
{
	const struct pd_conf_parse_params params = { .path = path,
		.text = text,
		.manual = "pared-gateway(8)",
		.report = report };
	struct reading r = { .out = out };
	struct pd_conf_load l = { .params = &params, .take = take, .arg = &r };

	*out = (struct gw_client){ .name = name_of(path),
		.path = pd_xstrdup(path) };
	if (out->name == NULL)
		return -1;
	return pd_conf_load_file(&l, &root, settle);
}

static void
complain(const struct pd_conf_report *report, bool error, const char *path,
    const char *what)
{
	char line[PD_CONF_LINE];

	snprintf(line, sizeof(line), "%.512s: %s", path, what);
	if (report != NULL && report->line != NULL)
		report->line(report->arg, error, line);
}

static int
load_file(const char *path, const struct pd_conf_report *report,
    struct gw_client *out)
{
	struct stat st;
	size_t len;
	char *text;
	int r;

	*out = (struct gw_client){ 0 };
	/* What is none of ours might never end, or be no business of ours. */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		complain(report, true, path, "it is no file; remove it");
		return -1;
	}
	text = pd_conf_read(path, &len);
	if (text == NULL) {
		complain(report, true, path,
		    errno == EILSEQ ? "it is not text" : strerror(errno));
		return -1;
	}
	r = gw_client_parse(path, text, report, out);
	OPENSSL_cleanse(text, len);
	free(text);
	return r;
}

/* Addresses that a tunnel's client cannot have, whoever wrote them: everything
 * that is sent there would go to him. */
static bool
addresses_fit(const struct gw_config *c, const struct gw_client *cl,
    const struct pd_conf_report *report)
{
	const struct gw_tunnel *t = gw_config_tunnel(c, cl->tunnel);
	char line[PD_ADDR_TEXT + 96], buf[PD_ADDR_TEXT];

	for (size_t i = 0; t != NULL && t->type != GW_PPTP && i < cl->address.n;
	     i++) {
		const struct pd_addr *a = &cl->address.v[i].first;
		bool own = false;

		for (size_t k = 0; k < t->address.n; k++)
			own = own || pd_addr_equal(&t->address.v[k].addr, a);
		if (!own && gw_nets_hold(gw_client_nets(t), a))
			continue;
		snprintf(line, sizeof(line),
		    "%s is %s tunnel %.32s; see client add --again",
		    pd_addr_text(a, buf), own ? "our own in" : "not in",
		    t->title);
		complain(report, false, cl->path, line);
		return false;
	}
	return true;
}

static int
is_ours(const struct dirent *e)
{
	char *name = name_of(e->d_name);
	int yes = name != NULL;

	free(name);
	return yes;
}

/* In the order of names, by no locale. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int
gw_clients_load(const struct gw_config *c, struct gw_clients *out,
    const struct pd_conf_report *report)
{
	char *dir = gw_clients_dir(c), *path;
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_ours, by_name), ret = 0;

	*out = (struct gw_clients){ .unread = n < 0 && errno == EACCES };
	if (n < 0 && !out->unread && errno != ENOENT) {
		complain(report, true, dir, strerror(errno));
		ret = -1;
	}
	if (n > 0)
		out->v = pd_xalloc((size_t)n * sizeof(*out->v));
	for (int i = 0; i < n; i++) {
		struct gw_client *cl = &out->v[out->n];

		if (asprintf(&path, "%s/%s", dir, list[i]->d_name) < 0)
			abort();
		if (load_file(path, report, cl) == 0) {
			out->n++;
			cl->unfit = !addresses_fit(c, cl, report);
			if (gw_config_tunnel(c, cl->tunnel) == NULL)
				complain(report, false, path,
				    "its tunnel is not in the configuration "
				    "any more; see client revoke");
		} else {
			gw_client_free(cl);
			ret = -1;
		}
		free(path);
		free(list[i]);
	}
	free(list);
	free(dir);
	return ret;
}

/* ---- writing ---- */

void
gw_client_add_address(struct gw_client *cl, const struct pd_addr *a)
{
	char text[PD_ADDR_TEXT];

	cl->address.v = pd_xrealloc(
	    cl->address.v, (cl->address.n + 1) * sizeof(*cl->address.v));
	cl->address.v[cl->address.n++] =
	    (struct pd_prefix){ .first = *a, .last = *a };
	pd_strings_add(&cl->address_text, pd_xstrdup(pd_addr_text(a, text)));
}

/* In quotes; the reader knows the escapes \\ and \" alone, and needs no
 * other: values are printable. */
static void
write_string(const char *name, const char *value, FILE *out)
{
	if (value == NULL)
		return;
	fprintf(out, "    %s = \"", name);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			putc('\\', out);
		putc(*value, out);
	}
	fputs("\"\n", out);
}

static void
write_addresses(const struct gw_client *cl, FILE *out)
{
	for (size_t i = 0; i < cl->address_text.n; i++)
		fprintf(out, "%s\"%s\"", i == 0 ? "    address = {" : ", ",
		    cl->address_text.v[i]);
	if (cl->address_text.n > 0)
		fputs("}\n", out);
}

void
gw_client_write(const struct gw_client *cl, FILE *out)
{
	fprintf(out, "client %s {\n", cl->name);
	write_string("tunnel", cl->tunnel, out);
	write_addresses(cl, out);
	write_string("public-key", cl->public_key, out);
	write_string("preshared-key", cl->preshared_key, out);
	write_string("private-key", cl->private_key, out);
	write_string("password", cl->password, out);
	write_string("certificate", cl->certificate, out);
	write_string("created", cl->created, out);
	fputs("}\n", out);
}

int
gw_clients_mkdirs(const struct gw_config *c)
{
	char *own, *clients;
	int r;

	if (asprintf(&own, "%s/%s/", c->state_dir, c->name) < 0 ||
	    asprintf(&clients, "%sclients/", own) < 0)
		abort();
	/* One after the other: what gw_mkdirs() makes above is for all. */
	r = gw_mkdirs(own, 0700) < 0 ? -1 : gw_mkdirs(clients, 0700);
	free(own);
	free(clients);
	return r;
}

int
gw_client_save(const struct gw_config *c, const struct gw_client *cl)
{
	char *dir = gw_clients_dir(c), *path, *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int r, saved;

	if (f == NULL || asprintf(&path, "%s/%s" SUFFIX, dir, cl->name) < 0)
		abort();
	gw_client_write(cl, f);
	if (fclose(f) != 0)
		abort();
	r = gw_clients_mkdirs(c);
	if (r == 0)
		r = gw_write_file(path, text, 0600);
	saved = errno;
	OPENSSL_cleanse(text, len);
	free(text);
	free(path);
	free(dir);
	errno = saved;
	return r;
}

char *
gw_clients_devices(const struct gw_config *c)
{
	char *path;

	if (asprintf(&path, "%s/%s.devices.conf", c->state_dir, c->name) < 0)
		abort();
	return path;
}

int
gw_clients_publish(const struct gw_config *c, const struct gw_clients *clients)
{
	char *path = gw_clients_devices(c), *before, *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int r = 0, saved;

	if (f == NULL)
		abort();
	fprintf(f,
	    "# Clients of the gateway %s, written by pared-gateway; "
	    "pared.conf takes it by include(\"%s\").\n",
	    c->name, path);
	for (size_t i = 0; i < clients->n; i++) {
		if (clients->v[i].address.n == 0)
			continue;
		fprintf(f, "device %s {\n", clients->v[i].name);
		write_addresses(&clients->v[i], f);
		fputs("}\n", f);
	}
	if (fclose(f) != 0)
		abort();
	before = gw_read_file(path);
	if (before == NULL ? clients->n > 0 : strcmp(before, text) != 0)
		r = gw_mkdirs(path, 0755) < 0 ? -1
					      : gw_write_file(path, text, 0644);
	saved = errno;
	free(before);
	free(text);
	free(path);
	errno = saved;
	return r;
}
