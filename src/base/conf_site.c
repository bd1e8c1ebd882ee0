/* The sections site { } and device { }: what is otherwise for some. */
#include <idn2.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf_load.h"

/* Host names (RFC 1035, 2.3.4), without the last dot. */
#define HOST_LEN_MAX  253
#define LABEL_LEN_MAX 63

/* No screen in use is narrower, pixels. */
#define WIDTH_MIN 320

static bool
is_label(struct pd_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = pd_lower(s.p[i]);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' &&
		    c != '_')
			return false;
	}
	return s.n > 0 && s.n <= LABEL_LEN_MAX;
}

/* A name of labels whose last is no number: that would be an address. */
static bool
is_host_name(struct pd_str s)
{
	struct pd_str label = { NULL, 0 };
	int64_t number;

	if (s.n > HOST_LEN_MAX)
		return false;
	do {
		label = pd_str_split(&s, '.');
		if (!is_label(label))
			return false;
	} while (s.p != NULL);
	return pd_str_u63(label, &number) < 0;
}

/*
 * "*.Example.org" as struct pd_conf_site has it; NULL when it is no host. (What
 * http/url.h does for requests is a floor above.)
 */
static char *
site_host(const char *title)
{
	struct pd_str s = pd_str_z(title);
	char text[PD_ADDR_TEXT], *ascii = NULL;
	struct pd_addr addr;
	uint8_t *puny;

	if (pd_str_starts(s, PD_STR("*.")))
		s = pd_str_of(s.p + 2, s.n - 2);
	else if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = pd_str_of(s.p + 1, s.n - 2);
	if (pd_addr_parse(s, &addr) == 0)
		return pd_xstrdup(pd_addr_text(&addr, text));
	if (s.n > 1 && s.p[s.n - 1] == '.')
		s.n--;
	if (asprintf(&ascii, "%.*s", PD_STR_ARG(s)) < 0)
		abort();
	if (idn2_lookup_u8((const uint8_t *)ascii, &puny,
		IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK) {
		free(ascii);
		ascii = pd_xstrdup((const char *)puny);
		idn2_free(puny);
	}
	for (char *p = ascii; *p != '\0'; p++)
		*p = pd_lower(*p);
	if (is_host_name(pd_str_z(ascii)))
		return ascii;
	free(ascii);
	return NULL;
}

void
pd_conf_take_site(struct pd_conf_load *l, const struct pd_conf_statement *st,
    struct pd_conf_place at)
{
	struct pd_conf *c = &l->d->conf;
	struct pd_conf_site *s;
	struct pd_conf_group g;
	char *host;

	host = st->title != NULL ? site_host(st->title) : NULL;
	if (host == NULL) {
		pd_conf_say(l, at, true,
		    "site \"%.64s\" is no host; write site \"example.org\" { "
		    "... }, without scheme, port and path",
		    st->title != NULL ? st->title : "");
		return;
	}
	if (!pd_conf_place_add(
		l, &l->sites, at, "site", host, c->sites, sizeof(*c->sites))) {
		free(host);
		return;
	}
	c->sites = pd_xrealloc(c->sites, (c->nsites + 1) * sizeof(*s));
	s = &c->sites[c->nsites++];
	*s = (struct pd_conf_site){ .host = host };
	pd_conf_group_init(&g, &pd_conf_site);
	pd_conf_section_read(l, &g, st, at, s);
	s->lists_unset = pd_conf_group_place(&g, "lists").line == 0;
	if (!g.told && s->lists_unset && s->images == PD_CONF_LEVEL_UNSET)
		pd_conf_say(l, at, true,
		    "site %s says nothing; write lists = \"off\" or "
		    "images = \"off\", or remove it",
		    s->host);
	pd_conf_group_finish(&g);
}

void
pd_conf_take_device(struct pd_conf_load *l, const struct pd_conf_statement *st,
    struct pd_conf_place at)
{
	struct pd_conf *c = &l->d->conf;
	const char *fault = pd_conf_name_fault(st->title);
	struct pd_conf_device *d;
	struct pd_conf_group g;

	if (fault != NULL) {
		pd_conf_say(l, at, true, "a device: %s", fault);
		return;
	}
	if (!pd_conf_place_add(l, &l->devices, at, "device", st->title,
		c->devices, sizeof(*c->devices)))
		return;
	c->devices = pd_xrealloc(c->devices, (c->ndevices + 1) * sizeof(*d));
	d = &c->devices[c->ndevices++];
	*d = (struct pd_conf_device){ .name = pd_xstrdup(st->title) };
	pd_conf_group_init(&g, &pd_conf_device);
	if (!pd_conf_section_read(l, &g, st, at, d) || g.told) {
		/* Told. */
	} else if (d->clients.n == 0) {
		pd_conf_say(l, pd_conf_group_place(&g, "address"), true,
		    "device %s has no address; name one, or remove it",
		    d->name);
	} else if (d->max_width > 0 && d->max_width < WIDTH_MIN) {
		pd_conf_say(l, pd_conf_group_place(&g, "max-width"), true,
		    "device %s: max-width: \"%" PRId64 "\" cannot be; give 0, "
		    "or a number from %d to 16383 pixels",
		    d->name, d->max_width, WIDTH_MIN);
	}
	pd_conf_group_finish(&g);
}

const struct pd_conf_device *
pd_conf_device_of(const struct pd_conf *c, const struct pd_addr *client)
{
	for (size_t i = 0; i < c->ndevices; i++) {
		if (pd_prefixes_hold(&c->devices[i].clients, client))
			return &c->devices[i];
	}
	return NULL;
}

static int
compare_sites(const void *a, const void *b)
{
	const struct pd_conf_site *x = a, *y = b;

	return strcmp(x->host, y->host);
}

void
pd_conf_settle_sites(struct pd_conf *c)
{
	if (c->nsites > 0)
		qsort(c->sites, c->nsites, sizeof(*c->sites), compare_sites);
}

static int
compare_host(const void *host, const void *site)
{
	const struct pd_str *a = host;
	struct pd_str b = pd_str_z(((const struct pd_conf_site *)site)->host);
	int d = memcmp(a->p, b.p, a->n < b.n ? a->n : b.n);

	return d != 0 ? d : (a->n > b.n) - (a->n < b.n);
}

const struct pd_conf_site *
pd_conf_site_of(
    const struct pd_conf *c, struct pd_str host, enum pd_conf_about about)
{
	/* The longest that there may be comes first. */
	for (; host.n > 0 && c->nsites > 0; pd_str_split(&host, '.')) {
		const struct pd_conf_site *s = bsearch(
		    &host, c->sites, c->nsites, sizeof(*s), compare_host);

		if (s != NULL && (about == PD_CONF_SITE_LISTS
					 ? !s->lists_unset
					 : s->images != PD_CONF_LEVEL_UNSET))
			return s;
	}
	return NULL;
}
