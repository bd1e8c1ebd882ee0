#include "listen.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "net/self.h"

/* One address, as some option names it. */
struct place {
	struct pd_addr addr;
	enum pd_listener_kind kind;
	const char *option; /* "Address" */
	bool may_lack;      /* this machine may have no such family */
};

void
pd_listen_init(struct pd_listen *l)
{
	l->n = 0;
	memset(l->fds, -1, sizeof(l->fds));
}

static void
tell_failure(const struct place *p)
{
	char name[PD_ADDR_TEXT];

	pd_addr_text_port(&p->addr, name);
	if (errno == EPERM && p->kind == PD_LISTENER_TPROXY)
		pd_log(PD_LOG_ERROR, 0,
		    "server: cannot listen on %s: TransparentMode = \"tproxy\" "
		    "needs CAP_NET_ADMIN; start as root, or give the unit "
		    "AmbientCapabilities=CAP_NET_ADMIN, "
		    "CapabilityBoundingSet=CAP_NET_ADMIN and PrivateUsers=no",
		    name);
	else
		pd_log(PD_LOG_ERROR, 0,
		    "server: cannot listen on %s: %s; is another proxy "
		    "running? See %s and %s",
		    name, strerror(errno), p->option,
		    p->kind == PD_LISTENER_PROXY ? "Port" : "TransparentPort");
}

/* 0, or -1 after an error was logged. */
static int
add(struct pd_listen *l, struct place *p, unsigned nworkers)
{
	char name[PD_ADDR_TEXT];
	bool here = pd_self_has(&p->addr);

	if (p->may_lack && !here)
		return 0;
	if (l->n == PD_LISTEN_MAX) {
		pd_log(PD_LOG_ERROR, 0, "%s: more than %d addresses", p->option,
		    PD_LISTEN_MAX);
		return -1;
	}
	for (unsigned i = 0; i < nworkers; i++) {
		int fd = i == 0 && pd_listener_claim(&p->addr, p->kind) < 0
			     ? -1
			     : pd_listener_bind(&p->addr, p->kind);

		if (fd < 0) {
			tell_failure(p);
			return -1;
		}
		l->fds[i][l->n] = fd;
	}
	pd_log(PD_LOG_INFO, 0, "server: listening on %s%s",
	    pd_addr_text_port(&p->addr, name),
	    p->kind == PD_LISTENER_PROXY ? ""
					 : " for what the packet filter leads "
					   "here");
	if (!here)
		pd_log(PD_LOG_WARN, 0,
		    "server: %s is not on this machine yet; clients get "
		    "through once it is",
		    pd_addr_text(&p->addr, name));
	l->kinds[l->n] = p->kind;
	l->own[l->n++] = p->addr;
	return 0;
}

/* 0, or -1 after an error was logged. */
static int
add_text(struct pd_listen *l, const char *text, struct place *p, int64_t port,
    unsigned nworkers)
{
	/* Checked when the configuration was read. */
	if (pd_addr_parse(pd_str_z(text), &p->addr) < 0)
		return -1;
	p->addr.port = (uint16_t)port;
	return add(l, p, nworkers);
}

static int
open_proxy(struct pd_listen *l, const struct pd_conf *conf, unsigned nworkers)
{
	struct place p = { .kind = PD_LISTENER_PROXY, .option = "Address" };

	if (conf->address.n == 0) {
		if (add_text(l, "127.0.0.1", &p, conf->port, nworkers) < 0)
			return -1;
		p.may_lack = true;
		return add_text(l, "::1", &p, conf->port, nworkers);
	}
	for (size_t i = 0; i < conf->address.n; i++) {
		if (add_text(l, conf->address.v[i], &p, conf->port, nworkers) <
		    0)
			return -1;
	}
	return 0;
}

static int
open_transparent(
    struct pd_listen *l, const struct pd_conf *conf, unsigned nworkers)
{
	const struct pd_strings *list = &conf->transparent_address;
	struct place p = {
		.kind = conf->transparent_mode == PD_CONF_TPROXY
			    ? PD_LISTENER_TPROXY
			    : PD_LISTENER_REDIRECT,
		.option = "TransparentAddress",
	};

	if (conf->transparent_port == 0)
		return 0;
	for (size_t i = 0; i < list->n; i++) {
		/* The default names it, on machines without IPv6 as well. */
		p.may_lack = strcmp(list->v[i], "::") == 0;
		if (add_text(l, list->v[i], &p, conf->transparent_port,
			nworkers) < 0)
			return -1;
	}
	return 0;
}

int
pd_listen_open(
    struct pd_listen *l, const struct pd_conf *conf, unsigned nworkers)
{
	return open_proxy(l, conf, nworkers) < 0
		   ? -1
		   : open_transparent(l, conf, nworkers);
}

void
pd_listen_close(struct pd_listen *l)
{
	for (size_t i = 0; i < PD_LISTEN_WORKERS_MAX; i++) {
		/* Of an address that failed halfway, too. */
		for (size_t k = 0; k < PD_LISTEN_MAX; k++) {
			if (l->fds[i][k] >= 0)
				close(l->fds[i][k]);
		}
	}
	pd_listen_init(l);
}
