/*
 * One GET: hop by hop until an answer stays. Each hop dials, opens a tunnel
 * through the parent if the address is https and there is one, starts TLS,
 * asks, reads the header section, then the content or the next address.
 */
#include "fetch_part.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/timers.h"
#include "base/worker.h"
#include "filters/coding/unpack.h"
#include "http/h1.h"
#include "net/dial.h"
#include "net/reach.h"
#include "net/resolve.h"
#include "net/sock.h"
#include "net/tls.h"

/* Bytes of content that wait in memory before they are taken off. */
#define INPUT_MAX (256 * 1024)

static const struct pd_sock_ops sock_ops;

/* ---- the end ----------------------------------------------------------- */

static void
close_hop(struct pd_fetch *f)
{
	pd_dial_cancel(f->dial);
	f->dial = NULL;
	pd_sock_destroy(f->sock);
	f->sock = NULL;
	f->scan = (struct pd_h1_scan){ 0 };
	f->informs = 0;
	pd_timer_clear(&f->stall);
}

void
pd_fetch_cancel(struct pd_fetch *f)
{
	if (f == NULL)
		return;
	close_hop(f);
	pd_timer_clear(&f->deadline);
	event_del(&f->begin_ev);
	pd_dialer_destroy(f->dialer);
	pd_resolver_destroy(f->resolver);
	pd_tls_context_destroy(f->tls);
	pd_unpack_destroy(f->unpack);
	evbuffer_free(f->raw);
	evbuffer_free(f->content);
	pd_arena_destroy(f->arena);
	free(f);
}

void
pd_fetch_finish(struct pd_fetch *f)
{
	const struct pd_fields *fs = &f->res.fields;
	struct pd_fetch_result result = {
		.status = f->res.status,
		.error = f->error[0] != '\0' ? f->error : NULL,
		.content = f->content,
		.etag = pd_fields_value(fs, PD_FIELD_ETAG),
		.last_modified = pd_fields_value(fs, PD_FIELD_LAST_MODIFIED),
		.type = pd_media_type(
		    pd_fields_value(fs, PD_FIELD_CONTENT_TYPE), f->arena),
	};

	close_hop(f);
	f->done(f->arg, &result);
	pd_fetch_cancel(f);
}

void
pd_fetch_fail(struct pd_fetch *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->error, sizeof(f->error), fmt, ap);
	va_end(ap);
	pd_fetch_finish(f);
}

void
pd_fetch_fail_host(struct pd_fetch *f, const char *what)
{
	struct pd_str host = f->url.authority.host;

	pd_fetch_fail(f, "%.*s: %s", PD_STR_ARG(host), what);
}

static void
on_deadline(struct pd_timer *t, void *arg)
{
	(void)t;
	pd_fetch_fail_host(
	    arg, "not done in the time that is allowed for all of it");
}

static void
on_stall(struct pd_timer *t, void *arg)
{
	struct pd_fetch *f = arg;
	uint64_t moved = f->sock != NULL ? pd_sock_moved(f->sock) : 0;

	(void)t;
	if (moved == f->moved) {
		pd_fetch_fail_host(
		    f, f->state == PD_FETCH_CONTENT
			   ? "stopped in the middle of its answer"
			   : "did not answer in time");
		return;
	}
	f->moved = moved;
	pd_timer_set(pd_worker_timers(f->worker), &f->stall,
	    (uint32_t)f->conf->conn_timeout_ms, on_stall, f);
}

static void
watch(struct pd_fetch *f)
{
	f->moved = 0;
	if (f->conf->conn_timeout_ms > 0)
		pd_timer_set(pd_worker_timers(f->worker), &f->stall,
		    (uint32_t)f->conf->conn_timeout_ms, on_stall, f);
}

/* ---- asking ------------------------------------------------------------ */

void
pd_fetch_want(struct pd_fetch *f)
{
	size_t most = f->state == PD_FETCH_CONTENT
			  ? INPUT_MAX
			  : (size_t)f->conf->header_max;
	size_t held = evbuffer_get_length(pd_sock_in(f->sock));

	pd_sock_want(f->sock, held < most ? most - held : 0);
}

static bool
through_parent(const struct pd_fetch *f)
{
	return f->conf->next_proxy != NULL;
}

static void
write_request(struct pd_fetch *f, const struct pd_request *req,
    struct pd_str target, const char *connection)
{
	pd_h1_write_request(pd_sock_out(f->sock), req, target, connection);
	pd_sock_flush(f->sock, 0);
	pd_fetch_want(f);
}

static void
ask(struct pd_fetch *f)
{
	struct pd_request req = {
		.method = PD_METHOD_GET,
		.method_name = PD_STR("GET"),
		.url = f->url,
		.minor = 1,
	};
	struct pd_str target = f->url.path;

	pd_fields_add(&req.fields, f->arena, PD_STR("User-Agent"),
	    PD_STR("pared/" PARED_VERSION));
	pd_fields_add_id(&req.fields, f->arena, PD_FIELD_ACCEPT, PD_STR("*/*"));
	pd_fields_add_id(&req.fields, f->arena, PD_FIELD_ACCEPT_ENCODING,
	    PD_STR("gzip, br, zstd"));
	if (f->etag.n > 0)
		pd_fields_add_id(
		    &req.fields, f->arena, PD_FIELD_IF_NONE_MATCH, f->etag);
	if (f->last_modified.n > 0)
		pd_fields_add(&req.fields, f->arena,
		    PD_STR("If-Modified-Since"), f->last_modified);
	if (through_parent(f) && f->url.scheme == PD_SCHEME_HTTP)
		target = pd_arena_printf(f->arena, "http://%.*s%.*s",
		    PD_STR_ARG(f->url.authority.text), PD_STR_ARG(target));
	f->state = PD_FETCH_HEADER;
	write_request(f, &req, target, "close");
}

/* A tunnel through the parent (RFC 9110, 9.3.6). */
static void
ask_tunnel(struct pd_fetch *f)
{
	const struct pd_authority *a = &f->url.authority;
	bool v6 = a->kind == PD_HOST_IPV6;
	struct pd_request req = {
		.method = PD_METHOD_CONNECT,
		.method_name = PD_STR("CONNECT"),
		.form = PD_FORM_AUTHORITY,
		.url = f->url,
		.minor = 1,
	};
	struct pd_str target = pd_arena_printf(f->arena, "%s%.*s%s:%u",
	    v6 ? "[" : "", PD_STR_ARG(a->host), v6 ? "]" : "", a->port);

	/* Host says the same (RFC 9112, 3.2). */
	req.url.authority.text = target;
	f->state = PD_FETCH_CONNECT;
	write_request(f, &req, target, NULL);
}

void
pd_fetch_start_tls(struct pd_fetch *f)
{
	struct pd_tls *tls;
	const char *why;

	if (f->tls == NULL)
		f->tls = pd_tls_context_create(f->ca_file, &why);
	if (f->tls == NULL) {
		pd_fetch_fail(f, "%s", why);
		return;
	}
	tls = pd_tls_client_create(
	    f->tls, f->url.authority.host, pd_sock_fd(f->sock));
	if (tls == NULL) {
		pd_fetch_fail_host(f, "is no name for TLS");
		return;
	}
	pd_sock_start_tls(f->sock, tls);
	ask(f);
}

/* ---- connecting -------------------------------------------------------- */

static void
on_dialled(
    void *arg, enum pd_dial_error err, int fd, const struct pd_addr *peer)
{
	struct pd_fetch *f = arg;
	const char *why = pd_dial_strerror(err);
	char text[PD_ADDR_TEXT];
	int error = errno;

	f->dial = NULL;
	if (err == PD_DIAL_FORBIDDEN) {
		pd_fetch_fail(f,
		    "%.*s: its address %s is private; AllowPrivate can "
		    "allow it",
		    PD_STR_ARG(f->url.authority.host),
		    pd_addr_text(peer, text));
		return;
	}
	if (err != PD_DIAL_OK) {
		if (err == PD_DIAL_REFUSED && strerrordesc_np(error) != NULL)
			why = strerrordesc_np(error);
		if (through_parent(f))
			pd_fetch_fail(
			    f, "parent proxy %s: %s", f->conf->next_proxy, why);
		else
			pd_fetch_fail_host(f, why);
		return;
	}
	f->sock = pd_sock_create(f->worker, fd, &sock_ops, f);
	watch(f);
	if (f->url.scheme == PD_SCHEME_HTTP)
		ask(f);
	else if (through_parent(f))
		ask_tunnel(f);
	else
		pd_fetch_start_tls(f);
}

/* The resolver: half a megabyte that a fetch of an address literal spares. */
static int
open_dialer(struct pd_fetch *f)
{
	struct pd_dialer_params params = {
		.base = pd_worker_base(f->worker),
		.timers = pd_worker_timers(f->worker),
	};

	if (f->dialer != NULL)
		return 0;
	f->resolver = pd_resolver_create(params.base, f->conf);
	if (f->resolver == NULL)
		return -1;
	params.resolver = f->resolver;
	f->dialer = pd_dialer_create(&params);
	return 0;
}

static void
begin_hop(struct pd_fetch *f)
{
	const struct pd_authority *where = &f->url.authority;
	enum pd_url_error err = pd_url_parse(f->address, f->arena, &f->url);

	if (err != PD_URL_OK) {
		pd_fetch_fail(f, "\"%.*s\" is no address to fetch: %s",
		    f->address.n < 120 ? (int)f->address.n : 120, f->address.p,
		    pd_url_strerror(err));
		return;
	}
	if (through_parent(f)) {
		if (!pd_reach_by_parent(f->conf, &f->url.authority)) {
			pd_fetch_fail_host(
			    f, "is private; AllowPrivate can allow it");
			return;
		}
		if (pd_authority_parse(pd_str_z(f->conf->next_proxy),
			(uint16_t)f->conf->next_port, f->arena,
			&f->parent) != PD_URL_OK) {
			pd_fetch_fail(f, "NextProxy is no host name");
			return;
		}
		where = &f->parent;
	}
	if (open_dialer(f) < 0) {
		pd_fetch_fail(f, "no resolver: %s", strerror(errno));
		return;
	}
	f->state = PD_FETCH_DIAL;
	f->dial = pd_dial_start(
	    f->dialer, f->conf, where, through_parent(f), on_dialled, f);
}

static void
on_begin(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	begin_hop(arg);
}

void
pd_fetch_go(struct pd_fetch *f, struct pd_str address)
{
	close_hop(f);
	f->res = (struct pd_response){ 0 };
	f->address = address;
	f->state = PD_FETCH_BEGIN;
	event_active(&f->begin_ev, EV_TIMEOUT, 0);
}

/* ---- events of the socket ---------------------------------------------- */

static void
on_readable(void *arg)
{
	pd_fetch_read(arg, false, NULL);
}

static void
on_ended(void *arg)
{
	pd_fetch_read(arg, true, NULL);
}

static void
on_failed(void *arg, int error)
{
	struct pd_fetch *f = arg;
	const char *why = pd_sock_tls_error(f->sock);

	if (why == NULL)
		why = strerrordesc_np(error);
	pd_fetch_read(f, true, why != NULL ? why : "the connection broke");
}

static void
on_drained(void *arg)
{
	(void)arg; /* a request is small: nothing waits for this */
}

static const struct pd_sock_ops sock_ops = {
	.readable = on_readable,
	.drained = on_drained,
	.ended = on_ended,
	.failed = on_failed,
};

/* ---- the beginning ----------------------------------------------------- */

struct pd_fetch *
pd_fetch_start(struct pd_worker *w, const struct pd_fetch_params *params,
    void (*progress)(void *arg, size_t got, size_t total),
    void (*done)(void *arg, const struct pd_fetch_result *result), void *arg)
{
	struct pd_fetch *f = pd_xalloc(sizeof(*f));

	f->worker = w;
	f->conf = params->conf;
	f->ca_file = params->ca_file;
	f->content_max = params->content_max;
	f->progress = progress;
	f->done = done;
	f->arg = arg;
	f->arena = pd_arena_create();
	f->address = pd_arena_str(f->arena, params->url);
	/* What was kept may not be fit for a field any more. */
	if (pd_is_field_value(params->etag))
		f->etag = pd_arena_str(f->arena, params->etag);
	if (pd_is_field_value(params->last_modified))
		f->last_modified =
		    pd_arena_str(f->arena, params->last_modified);
	f->raw = evbuffer_new();
	f->content = evbuffer_new();
	if (f->raw == NULL || f->content == NULL)
		abort();
	event_assign(&f->begin_ev, pd_worker_base(w), -1, 0, on_begin, f);
	event_active(&f->begin_ev, EV_TIMEOUT, 0);
	pd_timer_set(pd_worker_timers(w), &f->deadline, params->timeout_ms,
	    on_deadline, f);
	return f;
}
