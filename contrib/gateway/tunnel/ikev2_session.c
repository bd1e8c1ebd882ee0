/*
 * Who is there, from charon's own list, and how a session is ended.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tunnel/ikev2.h"
#include "tunnel/vici.h"

/* A charon that has just begun opens its socket within this time. */
#define OPEN_MS 5000

struct sessions {
	struct gw_session *v;
	size_t n;
	bool is_eap; /* the last one's client is EAP's name */
	bool in_addresses;
};

/* A peer chose some of these signs: what is not plain becomes '?'. */
static void
copy(char *out, size_t size, struct pd_str s)
{
	size_t n = s.n < size ? s.n : size - 1;

	for (size_t i = 0; i < n; i++)
		out[i] = s.p[i] > ' ' && s.p[i] <= '~' ? s.p[i] : '?';
	out[n] = '\0';
}

static bool
is(const struct gw_vici_item *i, const char *name)
{
	return pd_str_eq(i->name, pd_str_z(name));
}

static uint64_t
number(struct pd_str s)
{
	int64_t n;

	return pd_str_u63(s, &n) == 0 ? (uint64_t)n : 0;
}

static void
append_address(struct gw_session *s, struct pd_str address)
{
	size_t have = strlen(s->addresses);

	if (have + address.n + 2 > sizeof(s->addresses))
		return;
	if (have > 0)
		s->addresses[have++] = ' ';
	copy(s->addresses + have, sizeof(s->addresses) - have, address);
}

/* Of the association as a whole: values one section down. */
static void
take_value(
    struct sessions *all, struct gw_session *s, const struct gw_vici_item *i)
{
	if (is(i, "uniqueid"))
		copy(s->id, sizeof(s->id), i->value);
	else if (is(i, "state"))
		s->in = pd_str_eq(i->value, PD_STR("ESTABLISHED")) ||
			pd_str_eq(i->value, PD_STR("REKEYING"));
	else if (is(i, "remote-host"))
		copy(s->remote, sizeof(s->remote), i->value);
	else if (is(i, "established"))
		s->seconds = number(i->value);
	else if (is(i, "remote-eap-id") || (is(i, "remote-id") && !all->is_eap))
		copy(s->client, sizeof(s->client), i->value);
	if (is(i, "remote-eap-id"))
		all->is_eap = true;
}

/*
 * CONNECTION { uniqueid = 1 ... remote-vips [ ... ] child-sas { all-1 {
 * bytes-in = 1 ... } } }
 */
static int
take_item(void *arg, const struct gw_vici_item *i)
{
	struct sessions *all = arg;
	struct gw_session *s = all->n > 0 ? &all->v[all->n - 1] : NULL;

	if (i->type == GW_VICI_SECTION && i->depth == 0) {
		all->v = pd_xrealloc(all->v, (all->n + 1) * sizeof(*all->v));
		s = &all->v[all->n++];
		*s = (struct gw_session){ 0 };
		copy(s->connection, sizeof(s->connection), i->name);
		all->is_eap = false;
		return 0;
	}
	if (s == NULL)
		return 0;
	if (i->type == GW_VICI_SECTION)
		s->children += i->depth == 2;
	else if (i->type == GW_VICI_LIST)
		all->in_addresses = i->depth == 1 && is(i, "remote-vips");
	else if (i->type == GW_VICI_ITEM && all->in_addresses)
		append_address(s, i->value);
	else if (i->type == GW_VICI_VALUE && i->depth == 1)
		take_value(all, s, i);
	else if (i->type == GW_VICI_VALUE && is(i, "bytes-in"))
		s->bytes_in += number(i->value);
	else if (i->type == GW_VICI_VALUE && is(i, "bytes-out"))
		s->bytes_out += number(i->value);
	return 0;
}

int
gw_ikev2_take_sessions(struct pd_str message, struct gw_session **v, size_t *n)
{
	struct sessions all = { .v = *v, .n = *n };
	int rc = gw_vici_parse(message, take_item, &all);

	*v = all.v;
	*n = all.n;
	return rc;
}

static int
on_session(void *arg, struct pd_str message, bool event)
{
	struct sessions *all = arg;

	return event ? gw_ikev2_take_sessions(message, &all->v, &all->n) : 0;
}

static int
open_charon(const struct gw_system *sys, int wait_ms)
{
	char *path;
	int fd, saved;

	if (asprintf(&path, "%s/ikev2/vici", sys->run_dir) < 0)
		abort();
	fd = gw_vici_open(path, wait_ms);
	saved = errno;
	free(path);
	errno = saved;
	return fd;
}

static int
list(struct gw_system *sys, int fd, struct sessions *all)
{
	const struct gw_vici_call call = {
		.command = "list-sas",
		.event = "list-sa",
		.message = on_session,
		.arg = all,
	};

	if (gw_vici_call(fd, &call) == 0)
		return (int)all->n;
	free(all->v);
	all->v = NULL;
	return gw_fail(sys, "charon: list of sessions: %s", strerror(errno));
}

/* All that charon has, or 0 when there is no charon; the caller frees *v.
 * Returns how many, -1 after gw_fail(). */
static int
sessions_of(struct gw_system *sys, struct gw_session **v)
{
	struct sessions all = { 0 };
	int fd = open_charon(sys, 0), n;

	*v = NULL;
	if (fd < 0 && (errno == ENOENT || errno == ECONNREFUSED))
		return 0;
	if (fd < 0)
		return gw_fail(sys, "charon: %s", strerror(errno));
	n = list(sys, fd, &all);
	close(fd);
	*v = all.v;
	return n;
}

/* "force": no waiting for the answer of a device that may be gone. */
static int
end(struct gw_system *sys, int fd, const struct gw_session *s)
{
	const struct gw_vici_call call = {
		.command = "terminate",
		.args = { { "ike-id", s->id }, { "force", "yes" },
		    { "timeout", "2000" } },
	};

	if (gw_vici_call(fd, &call) == 0)
		return 0;
	return gw_fail(sys, "charon: ending the session of %s: %s", s->client,
	    strerror(errno));
}

/* No line of the text names its connection. */
static bool
is_unknown(const struct gw_session *s, const char *known)
{
	struct pd_str rest = pd_str_z(known);

	while (rest.n > 0) {
		if (pd_str_eq(
			pd_str_split(&rest, '\n'), pd_str_z(s->connection)))
			return false;
	}
	return true;
}

static int
end_unknown(struct gw_system *sys, const char *known)
{
	struct sessions all = { 0 };
	int fd = open_charon(sys, OPEN_MS), n, rc = 0;

	if (fd < 0)
		return gw_fail(sys, "charon: %s", strerror(errno));
	n = list(sys, fd, &all);
	for (int i = 0; all.v != NULL && i < n; i++) {
		if (is_unknown(&all.v[i], known) && end(sys, fd, &all.v[i]) < 0)
			rc = -1;
	}
	close(fd);
	free(all.v);
	return n < 0 ? -1 : rc;
}

int
gw_ikev2_expel(struct gw_system *sys)
{
	char *path, *known;
	int rc;

	if (asprintf(&path, "%s/ikev2/clients", sys->run_dir) < 0)
		abort();
	known = gw_read_file(path);
	if (known == NULL)
		rc = gw_fail(sys, "%s: %s", path, strerror(errno));
	else
		rc = end_unknown(sys, known);
	free(known);
	free(path);
	return rc;
}

/* ---- what is loaded ---- */

struct names {
	size_t wanted; /* yet to be seen */
	const char *const *v;
	size_t n;
	bool in_list;
};

static int
take_name(void *arg, const struct gw_vici_item *i)
{
	struct names *names = arg;

	if (i->type == GW_VICI_LIST)
		names->in_list = is(i, "conns");
	for (size_t k = 0; i->type == GW_VICI_ITEM && names->in_list &&
			   k < names->n && names->wanted > 0;
	     k++) {
		if (pd_str_eq(i->value, pd_str_z(names->v[k])))
			names->wanted--;
	}
	return 0;
}

static int
on_names(void *arg, struct pd_str message, bool event)
{
	(void)event;
	return gw_vici_parse(message, take_name, arg);
}

bool
gw_ikev2_has(struct gw_system *sys, const char *const *connections, size_t n)
{
	struct names names = { .wanted = n, .v = connections, .n = n };
	const struct gw_vici_call call = {
		.command = "get-conns",
		.message = on_names,
		.arg = &names,
	};
	int fd = open_charon(sys, 0), rc;

	if (fd < 0)
		return false;
	rc = gw_vici_call(fd, &call);
	close(fd);
	return rc == 0 && names.wanted == 0;
}

/* ---- status ---- */

/*
 * A session of the tunnel becomes the client's whose connection it is, whatever
 * it called itself. One that has yet to prove who it is, that carries nothing,
 * or that was replaced, becomes nobody's.
 */
static void
name_session(struct gw_session *s, const struct gw_tunnel *t,
    const char *tunnel, const struct gw_clients *clients)
{
	struct pd_str rest = pd_str_z(s->connection);
	struct pd_str client = pd_str_split(&rest, '@');
	const struct gw_client *c = NULL;
	bool ours = pd_str_eq(pd_str_split(&rest, '@'), pd_str_z(tunnel));

	while ((c = gw_clients_next(clients, t, c)) != NULL) {
		char *name = gw_ikev2_connection(c->name);

		if (pd_str_eq(client, pd_str_z(name)))
			snprintf(s->client, sizeof(s->client), "%s", c->name);
		free(name);
	}
	snprintf(s->connection, sizeof(s->connection), "%s",
	    ours && s->in && s->children > 0 ? tunnel : "");
}

void
gw_ikev2_status(struct gw_system *sys, const struct gw_tunnel *t,
    const struct gw_clients *clients, FILE *out, bool json)
{
	char *tunnel = gw_ikev2_connection(t->title);
	struct gw_session *v;
	int n = sessions_of(sys, &v);

	if (n < 0 && !json)
		fprintf(out, "  unknown: %s\n", sys->why);
	for (int i = 0; i < n; i++)
		name_session(&v[i], t, tunnel, clients);
	gw_sessions_print(v, n > 0 ? (size_t)n : 0, tunnel, out, json);
	free(v);
	free(tunnel);
}
