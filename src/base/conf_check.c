/*
 * What must hold between options, and whether the files that they name are
 * there.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/conf_row.h"

static void __attribute__((format(printf, 4, 5)))
say(const struct pd_conf_check *k, const char *name, bool error,
    const char *fmt, ...)
{
	char text[PD_CONF_LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	k->say(k->arg, name, error, text);
}

/* Whether somebody on the Internet may reach a socket bound to this. */
static bool
is_exposed(const char *address)
{
	struct pd_addr a;

	if (pd_addr_parse(pd_str_z(address), &a) < 0)
		return false;
	switch (pd_addr_kind(&a)) {
	case PD_ADDR_LOOPBACK:
	case PD_ADDR_LINK_LOCAL:
	case PD_ADDR_PRIVATE:
		return false;
	default:
		return true;
	}
}

/* Whether the prefixes let a whole family in. */
static bool
is_everybody(const struct pd_prefixes *set)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct pd_prefix *p = &set->v[i];
		size_t len = p->first.family == AF_INET ? 4 : 16;
		bool all = true;

		for (size_t j = 0; j < len; j++)
			all =
			    all && p->first.ip[j] == 0 && p->last.ip[j] == 0xff;
		if (all)
			return true;
	}
	return false;
}

/* The promise not to be an open proxy is kept here, before a socket opens. */
static void
check_open_proxy(const struct pd_conf_check *k)
{
	const struct pd_conf *c = k->conf;

	if (c->only_from_set && c->only_from.n == 0)
		say(k, "OnlyFrom", true,
		    "OnlyFrom is empty: nobody could use the proxy; name "
		    "addresses, or remove it");
	for (size_t i = 0; i < c->address.n && c->auth_mode == 0; i++) {
		const char *address = c->address.v[i];

		if (!is_exposed(address))
			continue;
		if (!c->only_from_set)
			say(k, "Address", true,
			    "Address %s can be reached from the Internet; say "
			    "with OnlyFrom who may use the proxy, or set "
			    "AuthMode = 1",
			    address);
		else if (is_everybody(&c->only_from))
			say(k, "OnlyFrom", true,
			    "with Address %s this OnlyFrom is an open proxy, "
			    "which is found and abused within hours; name "
			    "your own networks, or set AuthMode = 1",
			    address);
	}
}

static void
check_files(const struct pd_conf_check *k)
{
	for (size_t i = 0; i < pd_conf_nrows; i++) {
		const struct pd_conf_row *row = &pd_conf_rows[i];
		const void *at = (const char *)k->conf + row->offset;
		const char *path;

		if (row->type != PD_CONF_INPUT && row->type != PD_CONF_PAGE)
			continue;
		path = *(char *const *)at;
		if (path == NULL || access(path, R_OK) == 0)
			continue;
		/* Ziproxy's examples name one that nobody made. */
		if (path == k->conf->auth_passwd_file &&
		    k->conf->auth_mode == 0)
			continue;
		say(k, row->name, row->type == PD_CONF_INPUT,
		    "%s: %s cannot be read: %s; make the file, or remove "
		    "the option",
		    row->name, path, strerror(errno));
	}
}

/*
 * Every address, and everybody, is no open proxy here: a connection that was
 * led here from its way is one that this machine forwards, and who dials the
 * port is refused.
 */
static void
check_transparent(const struct pd_conf_check *k)
{
	const struct pd_conf *c = k->conf;

	if (c->transparent_port <= 0)
		return;
	if (c->transparent_port == c->port)
		say(k, "TransparentPort", true,
		    "TransparentPort is Port; give it one of its own");
	if (c->transparent_address.n == 0)
		say(k, "TransparentAddress", true,
		    "TransparentAddress is empty; name addresses, or remove "
		    "it");
	if (c->auth_mode != 0 && c->ndevices == 0)
		say(k, "TransparentPort", false,
		    "nobody is served on TransparentPort: AuthMode is set, a "
		    "password cannot be asked for there, and no device is "
		    "named; write device \"phone\" { address = \"10.77.0.7\" "
		    "}");
}

void
pd_conf_check_whole(const struct pd_conf_check *k)
{
	const struct pd_conf *c = k->conf;

	check_open_proxy(k);
	check_transparent(k);
	if (c->auth_mode == 1 && c->auth_passwd_file == NULL)
		say(k, "AuthMode", true,
		    "AuthMode = 1 needs users; name their file with "
		    "AuthPasswdFile");
	if (c->auth_mode == 0 && c->auth_passwd_file != NULL)
		say(k, "AuthPasswdFile", false,
		    "AuthPasswdFile is not used; set AuthMode = 1 to use it");
	if (c->url_replace_data_ct != NULL && c->replace_ct_types.n == 0)
		say(k, "URLReplaceDataCT", true,
		    "URLReplaceDataCT needs to know for which media types; "
		    "list them in URLReplaceDataCTList");
	/* -1: refused before. */
	if (c->buffer_low >= c->buffer_high && c->buffer_high >= 0)
		say(k, "BufferLow", true,
		    "BufferLow is not below BufferHigh; make it smaller");
	if (c->request_line_max > c->header_max && c->header_max >= 0)
		say(k, "MaxRequestLine", true,
		    "MaxRequestLine is above MaxHeaderSize; make it smaller");
	if (k->look)
		check_files(k);
}
