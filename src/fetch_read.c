/*
 * What comes back on a hop: header sections, one after the other, then where
 * to go instead, or the content.
 */
#include "fetch_part.h"

#include <event2/buffer.h>

#include "base/arena.h"
#include "filters/coding/coding.h"
#include "filters/coding/unpack.h"
#include "net/sock.h"

/* 1xx responses to one request; more is a flood. */
#define INFORMS_MAX 32

/* ---- the content ------------------------------------------------------- */

/* Moves what came to where it belongs. false: the fetch is gone. */
static bool
take(struct pd_fetch *f, bool last)
{
	size_t held = evbuffer_get_length(f->content);
	enum pd_unpack_result r;

	if (f->got > f->content_max) {
		pd_fetch_fail_host(f, "sends more than is taken");
		return false;
	}
	if (f->unpack == NULL) {
		evbuffer_add_buffer(f->content, f->raw);
		return true;
	}
	do {
		/* One byte more, to see that there is more. */
		r = pd_unpack_step(f->unpack, f->raw, f->content,
		    f->content_max + 1 - held, last);
		held = evbuffer_get_length(f->content);
		if (held > f->content_max) {
			pd_fetch_fail_host(f, "sends more than is taken");
			return false;
		}
	} while (r == PD_UNPACK_MORE && evbuffer_get_length(f->raw) > 0);
	if (r == PD_UNPACK_BAD || (last && r != PD_UNPACK_END)) {
		pd_fetch_fail_host(f, "sends content that cannot be unpacked");
		return false;
	}
	return true;
}

/* closed: nothing more comes; told by a reset when why is set. */
static void
read_content(struct pd_fetch *f, bool closed, const char *why)
{
	struct pd_h1_limits limits = {
		.line_max = (size_t)f->conf->header_max,
		.header_max = (size_t)f->conf->header_max,
		.fields_max = (uint32_t)f->conf->fields_max,
	};
	struct pd_fault fault;
	size_t before = evbuffer_get_length(f->raw);
	enum pd_h1_result r = pd_h1_body_read(&f->body, pd_sock_in(f->sock),
	    f->raw, f->content_max + 1 - f->got, &limits, f->arena, &fault);

	f->got += evbuffer_get_length(f->raw) - before;
	if (r == PD_H1_BAD) {
		pd_fetch_fail_host(f, fault.what);
		return;
	}
	if (r == PD_H1_MORE && closed && why == NULL &&
	    pd_h1_body_whole_at_eof(&f->body))
		r = PD_H1_DONE;
	if (r == PD_H1_MORE && closed) {
		pd_fetch_fail_host(
		    f, why != NULL ? why : "cut its answer short");
		return;
	}
	if (!take(f, r == PD_H1_DONE))
		return;
	if (f->progress != NULL)
		f->progress(f->arg, f->got,
		    f->body.kind == PD_BODY_LENGTH
			? (size_t)f->res.content_length
			: 0);
	if (r == PD_H1_DONE)
		pd_fetch_finish(f);
	else
		pd_fetch_want(f);
}

static void
begin_content(struct pd_fetch *f)
{
	struct pd_codings codings = pd_coding_read(&f->res.fields);

	if (!codings.known || codings.n > 1) {
		pd_fetch_fail_host(
		    f, "sends a content coding that was not asked for");
		return;
	}
	if (f->res.content_length > 0 &&
	    (uint64_t)f->res.content_length > f->content_max) {
		pd_fetch_fail_host(f, "sends more than is taken");
		return;
	}
	if (codings.n > 0)
		f->unpack = pd_unpack_create(codings.v[0]);
	if (codings.n > 0 && f->unpack == NULL) {
		pd_fetch_fail(f, "out of memory");
		return;
	}
	pd_h1_body_init(&f->body, f->res.body, f->res.content_length, false);
	f->state = PD_FETCH_CONTENT;
	read_content(f, pd_sock_has_ended(f->sock), NULL);
}

/* ---- the header section ------------------------------------------------ */

/* RFC 9110, 15.4; from https never to what anybody could change. */
static void
redirect(struct pd_fetch *f)
{
	bool secure = f->url.scheme == PD_SCHEME_HTTPS;
	struct pd_str to = pd_fetch_resolve(&f->url,
	    pd_fields_value(&f->res.fields, PD_FIELD_LOCATION), f->arena);

	if (++f->hops > PD_FETCH_REDIRECTS_MAX) {
		pd_fetch_fail_host(f, "redirects too often");
		return;
	}
	if (secure && !pd_str_casestarts(to, PD_STR("https:"))) {
		pd_fetch_fail_host(f, "redirects from https to something else");
		return;
	}
	pd_fetch_go(f, to);
}

static void
judge(struct pd_fetch *f)
{
	int status = f->res.status;

	switch (status) {
	case 200:
		begin_content(f);
		return;
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		if (pd_fields_value(&f->res.fields, PD_FIELD_LOCATION).n > 0) {
			redirect(f);
			return;
		}
		break;
	case 304:
		if (f->etag.n > 0 || f->last_modified.n > 0) {
			pd_fetch_finish(f);
			return;
		}
		break;
	default:
		break;
	}
	pd_fetch_fail(f, "%.*s: answered %d %s",
	    PD_STR_ARG(f->url.authority.host), status,
	    pd_status_reason(status));
}

static void
got_tunnel(struct pd_fetch *f)
{
	int status = f->res.status;

	f->res = (struct pd_response){ 0 };
	if (status >= 300)
		pd_fetch_fail(f, "parent proxy %s: refused the tunnel: %d %s",
		    f->conf->next_proxy, status, pd_status_reason(status));
	else if (evbuffer_get_length(pd_sock_in(f->sock)) > 0)
		/* What comes before we have spoken is not the origin's. */
		pd_fetch_fail(f, "parent proxy %s: bytes out of place",
		    f->conf->next_proxy);
	else
		pd_fetch_start_tls(f);
}

static void
read_header(struct pd_fetch *f, bool closed, const char *why)
{
	struct pd_h1_limits limits = {
		.line_max = (size_t)f->conf->header_max,
		.header_max = (size_t)f->conf->header_max,
		.fields_max = (uint32_t)f->conf->fields_max,
	};
	struct pd_fault fault;

	do {
		switch (
		    pd_h1_read_response(pd_sock_in(f->sock), &f->scan, &limits,
			f->state == PD_FETCH_CONNECT ? PD_METHOD_CONNECT
						     : PD_METHOD_GET,
			f->arena, &f->res, &fault)) {
		case PD_H1_BAD:
			f->res = (struct pd_response){ 0 };
			pd_fetch_fail_host(f, fault.what);
			return;
		case PD_H1_MORE:
			f->res = (struct pd_response){ 0 };
			if (closed)
				pd_fetch_fail_host(f,
				    why != NULL ? why
						: "closed without an answer");
			else
				pd_fetch_want(f);
			return;
		case PD_H1_DONE:
			break;
		}
		if (f->res.status < 200 && ++f->informs > INFORMS_MAX) {
			pd_fetch_fail_host(f, "sent too many 1xx");
			return;
		}
	} while (f->res.status < 200);
	if (f->state == PD_FETCH_CONNECT)
		got_tunnel(f);
	else
		judge(f);
}

void
pd_fetch_read(struct pd_fetch *f, bool closed, const char *why)
{
	if (f->state == PD_FETCH_CONTENT)
		read_content(f, closed, why);
	else
		read_header(f, closed, why);
}
