#include "net/sock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/worker.h"
#include "net/sock_part.h"

/*
 * What one read brings goes into READ_MIN bytes reserved at first; what does
 * not fit lands in the worker's scratch memory by the same system call and is
 * copied, and the reservation grows, so that a bulk transfer copies nothing.
 */
#define BLOCK_OWN \
	64 /* libevent's part of a block, so that n is a power of two */
/* Read off, at most, of a peer that sends on while we close gently. */
#define LINGER_BYTES 16384
#define READ_MIN     (4096 - BLOCK_OWN)
#define READ_MAX     (256 * 1024 - BLOCK_OWN)
/* A rest of what is wanted that is left for the next read, not copied. */
#define READ_REST 4096
#define READ_STEP 4

/* How often a socket that closes gently may be found not to have sent anything
 * before what is unsent is given up; a linger_ms each. */
#define STALLS_MAX 30

/* Sockets of this thread that close gently with output still to send. */
static _Thread_local size_t nowing;

/*
 * The end of a gentle close: the peer has had its time. While there is output
 * the peer may be slow, as thin links are, and is waited for longer.
 */
static void
on_linger(struct pd_timer *t, void *arg)
{
	struct pd_sock *s = arg;
	struct pd_timers *timers = pd_worker_timers(s->worker);
	bool early = pd_timers_now(timers) < t->due_ms; /* the loop ends */

	if (s->sent != s->lingered)
		s->stalls = 0;
	s->lingered = s->sent;
	if (evbuffer_get_length(s->out) == 0 || early ||
	    ++s->stalls > STALLS_MAX)
		pd_sock_destroy(s);
	else
		pd_timer_set(timers, &s->linger, s->linger_ms, on_linger, s);
}

static void
set_linger(struct pd_sock *s)
{
	pd_timer_set(pd_worker_timers(s->worker), &s->linger, s->linger_ms,
	    on_linger, s);
}

/* Bytes read, 0 at the end, -1 with errno. */
static ssize_t
read_plain(struct pd_sock *s)
{
	struct evbuffer_iovec reserved;
	struct iovec v[2];
	/* A power of two is wanted as often as not: what fits its block. */
	size_t fits = s->want > READ_REST ? s->want - BLOCK_OWN : s->want;
	size_t first = fits < s->reserve ? fits : s->reserve, used;
	ssize_t n;
	int nv = 1;

	if (evbuffer_reserve_space(s->in, (ev_ssize_t)first, &reserved, 1) !=
	    1) {
		errno = ENOMEM;
		return -1;
	}
	v[0].iov_base = reserved.iov_base;
	v[0].iov_len = reserved.iov_len < s->want ? reserved.iov_len : s->want;
	if (s->want - v[0].iov_len > READ_REST || v[0].iov_len < READ_REST) {
		size_t more = s->want - v[0].iov_len;

		v[1].iov_base = pd_worker_scratch(s->worker);
		v[1].iov_len =
		    more < PD_WORKER_SCRATCH ? more : PD_WORKER_SCRATCH;
		nv = 2;
	}
	n = readv(s->fd, v, nv);
	used = n <= 0 ? 0 : (size_t)n;
	if (used > v[0].iov_len)
		used = v[0].iov_len;
	reserved.iov_len = used;
	evbuffer_commit_space(s->in, &reserved, 1);
	if (n <= 0)
		return n;
	if ((size_t)n > used)
		evbuffer_add(s->in, v[1].iov_base, (size_t)n - used);
	if ((size_t)n >= s->reserve && s->reserve < READ_MAX)
		s->reserve = (s->reserve + BLOCK_OWN) * READ_STEP - BLOCK_OWN;
	else if ((size_t)n < s->reserve / READ_STEP && s->reserve > READ_MIN)
		s->reserve = (s->reserve + BLOCK_OWN) / READ_STEP - BLOCK_OWN;
	s->received += (uint64_t)n;
	return n;
}

static ssize_t
read_some(struct pd_sock *s)
{
	return s->tls == NULL ? read_plain(s) : pd_sock_tls_read(s);
}

static void
throw_away(struct pd_sock *s)
{
	char *scratch = pd_worker_scratch(s->worker);
	ssize_t n = read(s->fd, scratch, LINGER_BYTES);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		/* A peer that goes on sending is only waited for: what is not
		 * read closes its window. */
		s->thrown += (size_t)n;
		if (s->thrown >= LINGER_BYTES)
			pd_sock_read_event(s, false);
		return;
	}
	s->ended = true;
	pd_sock_read_event(s, false);
	if (n < 0 || s->fin_sent)
		pd_sock_destroy(s);
}

void
pd_sock_on_readable(struct pd_sock *s, short what)
{
	ssize_t n;

	if (s->gentle) {
		throw_away(s);
		return;
	}
	if (what & EV_TIMEOUT) { /* pd_sock_poke() */
		s->ops->readable(s->arg);
		return;
	}
	if (s->want == 0) {
		pd_sock_read_event(s, false);
		return;
	}
	n = read_some(s);
	if (n > 0) {
		s->ops->readable(s->arg);
	} else if (n == 0) {
		s->ended = true;
		pd_sock_read_event(s, false);
		s->ops->ended(s->arg);
	} else if (errno != EAGAIN && errno != EINTR) {
		int error = errno;

		pd_sock_read_event(s, false);
		s->ops->failed(s->arg, error);
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	pd_sock_on_readable(arg, what);
}

/* 1: bytes wait to be read; 0: the end does; -1 with errno. */
static ssize_t
peek(const struct pd_sock *s)
{
	char c;

	if (s->tls != NULL && pd_sock_tls_pending(s))
		return 1;
	return recv(s->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);
}

/*
 * Writing has failed. What the peer sent before it went is still there and may
 * be its answer (RFC 9112, 9.5: a 413 to an upload that it will not read): that
 * first, a read each time, then failed().
 */
static void
on_broken(struct pd_sock *s)
{
	ssize_t n;

	pd_sock_write_event(s, false);
	evbuffer_drain(s->out, evbuffer_get_length(s->out));
	if (s->gentle) {
		pd_sock_destroy(s);
		return;
	}
	if (!s->ended && s->want == 0 && peek(s) > 0) {
		/* Goes on with pd_sock_want(). */
		if (s->pressed) {
			s->pressed = false;
			s->ops->drained(s->arg);
		}
		return;
	}
	n = s->ended || s->want == 0 ? -1 : read_some(s);
	if (n < 0) {
		pd_sock_read_event(s, false);
		s->ops->failed(s->arg, s->error);
		return;
	}
	event_active(&s->write_ev, EV_WRITE, 0);
	if (n > 0) {
		s->ops->readable(s->arg);
	} else {
		s->ended = true;
		pd_sock_read_event(s, false);
		s->ops->ended(s->arg);
	}
}

/* 0: all is sent, 1: the rest later, -1 with errno when broken. */
static int
write_plain(struct pd_sock *s)
{
	while (evbuffer_get_length(s->out) > 0) {
		int n = evbuffer_write(s->out, s->fd);

		if (n > 0) {
			s->sent += (uint64_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return -1;
		pd_sock_write_event(s, true);
		return 1;
	}
	pd_sock_write_event(s, false);
	return 0;
}

/* 0, or -1 with errno when the connection is broken. Asks the loop for what
 * the rest waits for. */
static int
write_some(struct pd_sock *s)
{
	int left = s->tls == NULL ? write_plain(s) : pd_sock_tls_write(s);

	if (left < 0)
		return -1;
	if (left == 0 && s->fin && !s->fin_sent) {
		s->fin_sent = true;
		shutdown(s->fd, SHUT_WR);
		nowing -= s->owing;
		s->owing = false;
		if (s->gentle)
			set_linger(s);
	}
	return 0;
}

void
pd_sock_on_writable(struct pd_sock *s)
{
	if (s->error == 0 && write_some(s) < 0)
		s->error = errno;
	if (s->error != 0) {
		on_broken(s);
		return;
	}
	if (s->gentle && s->fin_sent && s->ended) {
		pd_sock_destroy(s);
		return;
	}
	if (s->pressed && evbuffer_get_length(s->out) <= s->mark) {
		s->pressed = false;
		if (!s->gentle)
			s->ops->drained(s->arg);
	}
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pd_sock_on_writable(arg);
}

struct pd_sock *
pd_sock_create(
    struct pd_worker *w, int fd, const struct pd_sock_ops *ops, void *arg)
{
	struct pd_sock *s = pd_xalloc(sizeof(*s));
	struct event_base *base = pd_worker_base(w);

	s->worker = w;
	s->ops = ops;
	s->arg = arg;
	s->fd = fd;
	s->reserve = READ_MIN;
	s->in = evbuffer_new();
	s->out = evbuffer_new();
	if (s->in == NULL || s->out == NULL)
		abort();
	event_assign(
	    &s->read_ev, base, fd, EV_READ | EV_PERSIST, on_readable, s);
	event_assign(
	    &s->write_ev, base, fd, EV_WRITE | EV_PERSIST, on_writable, s);
	return s;
}

void
pd_sock_destroy(struct pd_sock *s)
{
	if (s == NULL)
		return;
	nowing -= s->owing;
	pd_timer_clear(&s->linger);
	event_del(&s->read_ev);
	event_del(&s->write_ev);
	if (s->tls != NULL)
		pd_sock_tls_finish(s);
	evbuffer_free(s->in);
	evbuffer_free(s->out);
	close(s->fd);
	free(s);
}

void
pd_sock_set_owner(struct pd_sock *s, const struct pd_sock_ops *ops, void *arg)
{
	s->ops = ops;
	s->arg = arg;
}

void
pd_sock_want(struct pd_sock *s, size_t n)
{
	s->want = n;
	/* Stopping is left to the event that would bring bytes unasked. */
	if (n == 0 || s->ended)
		return;
	if (s->error != 0)
		event_active(&s->write_ev, EV_WRITE, 0);
	else if (s->tls == NULL)
		pd_sock_read_event(s, true);
	else
		pd_sock_tls_want(s);
}

void
pd_sock_poke(struct pd_sock *s)
{
	event_active(&s->read_ev, EV_TIMEOUT, 0);
}

struct evbuffer *
pd_sock_in(struct pd_sock *s)
{
	return s->in;
}

struct evbuffer *
pd_sock_out(struct pd_sock *s)
{
	return s->out;
}

void
pd_sock_flush(struct pd_sock *s, size_t mark)
{
	s->mark = mark;
	if (s->error == 0 && !s->writing && write_some(s) < 0) {
		s->error = errno;
		/* Told from the loop: the caller is in the middle of things. */
		event_active(&s->write_ev, EV_WRITE, 0);
	}
	if (s->error != 0) {
		evbuffer_drain(s->out, evbuffer_get_length(s->out));
		return;
	}
	if (evbuffer_get_length(s->out) > mark)
		s->pressed = true;
}

void
pd_sock_shutdown(struct pd_sock *s)
{
	s->fin = true;
	pd_sock_flush(s, 0);
}

bool
pd_sock_is_quiet(const struct pd_sock *s)
{
	return !s->ended && s->error == 0 && evbuffer_get_length(s->in) == 0 &&
	       peek(s) < 0 && errno == EAGAIN;
}

void
pd_sock_close_gently(struct pd_sock *s, uint32_t linger_ms)
{
	/* Within a handshake nothing has been said that could be lost. */
	if (s->error != 0 || s->handshaking) {
		pd_sock_destroy(s);
		return;
	}
	s->gentle = true;
	s->pressed = false;
	s->linger_ms = linger_ms;
	s->lingered = s->sent;
	evbuffer_drain(s->in, evbuffer_get_length(s->in));
	pd_sock_shutdown(s);
	if (s->ended && s->fin_sent) {
		pd_sock_destroy(s);
		return;
	}
	s->owing = !s->fin_sent;
	nowing += s->owing;
	if (!s->ended)
		pd_sock_read_event(s, true);
	set_linger(s);
}

size_t
pd_sock_owing(void)
{
	return nowing;
}

void
pd_sock_reset(struct pd_sock *s)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	pd_sock_destroy(s);
}

bool
pd_sock_has_ended(const struct pd_sock *s)
{
	return s->ended;
}

size_t
pd_sock_unsent(const struct pd_sock *s)
{
	return evbuffer_get_length(s->out);
}

size_t
pd_sock_room(const struct pd_sock *s, size_t high)
{
	size_t unsent = evbuffer_get_length(s->out);

	return !s->pressed && unsent < high ? high - unsent : 0;
}

uint64_t
pd_sock_moved(const struct pd_sock *s)
{
	return s->received + s->sent;
}

uint64_t
pd_sock_sent(const struct pd_sock *s)
{
	return s->sent;
}

int
pd_sock_fd(const struct pd_sock *s)
{
	return s->fd;
}
