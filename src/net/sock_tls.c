/*
 * TLS behind a socket: the handshake, and what moves bytes afterwards. The
 * session reads and writes the descriptor by itself; which of the two it waits
 * for is its choice, whatever was asked of it.
 */
#include "net/sock_part.h"

#include <assert.h>
#include <errno.h>

#include "net/tls.h"

/* What one record holds at most (RFC 8446, 5.1). */
#define RECORD 16384
/* Read in one event at most: others wait. */
#define TURN (4 * RECORD)
/* Pieces of output below this are gathered: a record each would cost 22 bytes
 * and a system call. */
#define GATHER 4096

/* ---- handshake --------------------------------------------------------- */

static void
handshake(struct pd_sock *s)
{
	enum pd_tls_result r = pd_tls_handshake(s->tls);

	pd_sock_read_event(
	    s, r == PD_TLS_READ || (r == PD_TLS_DONE && s->want > 0));
	pd_sock_write_event(s, r == PD_TLS_WRITE);
	switch (r) {
	case PD_TLS_READ:
	case PD_TLS_WRITE:
		return;
	case PD_TLS_DONE:
		s->handshaking = false;
		if (pd_sock_tls_pending(s))
			event_active(&s->read_ev, EV_READ, 0);
		event_active(&s->write_ev, EV_WRITE, 0);
		return;
	case PD_TLS_END:
	case PD_TLS_FAIL:
		break;
	}
	s->handshaking = false;
	s->tls_broken = true;
	s->error = EPROTO;
	evbuffer_drain(s->out, evbuffer_get_length(s->out));
	s->ops->failed(s->arg, s->error);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct pd_sock *s = arg;

	(void)fd;
	/* A poke, which must not swallow what it came together with. */
	if ((what & EV_TIMEOUT) && (what & EV_READ))
		event_active(&s->read_ev, EV_READ, 0);
	else if (s->handshaking && !(what & EV_TIMEOUT)) {
		handshake(s);
		return;
	}
	if (s->write_held) {
		s->write_held = false;
		event_active(&s->write_ev, EV_WRITE, 0);
	}
	pd_sock_on_readable(s, what);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct pd_sock *s = arg;

	(void)fd;
	(void)what;
	if (s->handshaking) {
		handshake(s);
		return;
	}
	if (s->read_held) {
		s->read_held = false;
		event_active(&s->read_ev, EV_READ, 0);
		pd_sock_read_event(s, s->want > 0 && !s->ended);
	}
	pd_sock_on_writable(s);
}

void
pd_sock_start_tls(struct pd_sock *s, struct pd_tls *tls)
{
	struct event_base *base = event_get_base(&s->read_ev);

	assert(s->tls == NULL && evbuffer_get_length(s->in) == 0 &&
	       evbuffer_get_length(s->out) == 0);
	s->tls = tls;
	s->handshaking = true;
	event_del(&s->read_ev);
	event_del(&s->write_ev);
	s->reading = s->writing = false;
	event_assign(
	    &s->read_ev, base, s->fd, EV_READ | EV_PERSIST, on_readable, s);
	event_assign(
	    &s->write_ev, base, s->fd, EV_WRITE | EV_PERSIST, on_writable, s);
	pd_sock_write_event(s, true);
}

/* ---- reading ----------------------------------------------------------- */

/* One call of the session's, of n bytes at most. */
static enum pd_tls_result
read_once(struct pd_sock *s, size_t n, size_t *got)
{
	struct evbuffer_iovec v;
	enum pd_tls_result r;

	*got = 0;
	if (evbuffer_reserve_space(s->in, (ev_ssize_t)n, &v, 1) != 1) {
		errno = ENOMEM;
		return PD_TLS_FAIL;
	}
	r = pd_tls_read(s->tls, v.iov_base, n, got);
	v.iov_len = *got;
	evbuffer_commit_space(s->in, &v, 1);
	return r;
}

ssize_t
pd_sock_tls_read(struct pd_sock *s)
{
	size_t most = s->want < TURN ? s->want : TURN, total = 0, got;
	enum pd_tls_result r = PD_TLS_DONE;

	if (s->tls_broken || s->tls_ended)
		r = s->tls_broken ? PD_TLS_FAIL : PD_TLS_END;
	while (r == PD_TLS_DONE && total < most) {
		size_t n = most - total;

		r = read_once(s, n < RECORD ? n : RECORD, &got);
		total += got;
	}
	s->received += total;
	s->tls_broken = r == PD_TLS_FAIL;
	s->tls_ended = r == PD_TLS_END;
	if (r == PD_TLS_WRITE) {
		s->read_held = true;
		pd_sock_read_event(s, false);
		pd_sock_write_event(s, true);
	}
	if (total > 0) {
		/* The descriptor may have nothing more to tell of. */
		if (r == PD_TLS_END || r == PD_TLS_FAIL ||
		    (r == PD_TLS_DONE && pd_sock_tls_pending(s)))
			event_active(&s->read_ev, EV_READ, 0);
		return (ssize_t)total;
	}
	if (r == PD_TLS_END)
		return 0;
	errno = r == PD_TLS_FAIL ? EPROTO : EAGAIN;
	return -1;
}

void
pd_sock_tls_want(struct pd_sock *s)
{
	if (s->handshaking || s->read_held)
		return;
	pd_sock_read_event(s, true);
	if (s->tls_broken || s->tls_ended || pd_sock_tls_pending(s))
		event_active(&s->read_ev, EV_READ, 0);
}

bool
pd_sock_tls_pending(const struct pd_sock *s)
{
	return pd_tls_pending(s->tls) > 0;
}

/* ---- writing ----------------------------------------------------------- */

/*
 * The bytes of the next record, in one piece. What was offered before is
 * offered again: a piece only grows until it is sent.
 */
static struct pd_str
next_piece(struct pd_sock *s)
{
	size_t len = evbuffer_get_length(s->out);
	size_t n = evbuffer_get_contiguous_space(s->out);
	const unsigned char *p;

	if (n < GATHER)
		n = len < GATHER ? len : GATHER;
	if (n > RECORD)
		n = RECORD;
	p = evbuffer_pullup(s->out, (ev_ssize_t)n);
	return pd_str_of((const char *)p, p != NULL ? n : 0);
}

/* What a write waits for; 1. */
static int
hold(struct pd_sock *s, enum pd_tls_result r)
{
	s->write_held = r == PD_TLS_READ;
	pd_sock_write_event(s, r == PD_TLS_WRITE);
	if (s->write_held)
		pd_sock_read_event(s, true);
	return 1;
}

int
pd_sock_tls_write(struct pd_sock *s)
{
	enum pd_tls_result r = PD_TLS_DONE;

	if (s->handshaking)
		return 1;
	while (evbuffer_get_length(s->out) > 0) {
		struct pd_str piece = next_piece(s);
		size_t put = 0;

		r = piece.n == 0 ? PD_TLS_FAIL
				 : pd_tls_write(s->tls, piece.p, piece.n, &put);
		evbuffer_drain(s->out, put);
		s->sent += put;
		if (r == PD_TLS_READ || r == PD_TLS_WRITE)
			return hold(s, r);
		if (r != PD_TLS_DONE)
			goto broken;
	}
	if (s->fin && !s->fin_sent) {
		r = pd_tls_shutdown(s->tls);
		if (r == PD_TLS_WRITE)
			return hold(s, r);
		if (r == PD_TLS_FAIL)
			goto broken;
	}
	/* Reading may have asked for this event, too. */
	if (!s->read_held)
		pd_sock_write_event(s, false);
	return 0;
broken:
	errno = EPROTO;
	return -1;
}

/* ---- the end ----------------------------------------------------------- */

void
pd_sock_tls_finish(struct pd_sock *s)
{
	if (!s->handshaking && !s->tls_broken && s->error == 0 && !s->fin_sent)
		pd_tls_shutdown(s->tls);
	pd_tls_destroy(s->tls);
	s->tls = NULL;
}

const char *
pd_sock_tls_error(const struct pd_sock *s)
{
	const char *what = s->tls != NULL ? pd_tls_error(s->tls) : "";

	return *what != '\0' ? what : NULL;
}
