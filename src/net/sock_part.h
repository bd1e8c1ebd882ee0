/*
 * What sock.c and sock_tls.c share, and nobody else includes.
 *
 * The plain way stands in sock.c alone and asks for TLS by one pointer; a
 * socket with TLS has other event callbacks and other functions that move
 * bytes, the same buffers, marks and ends.
 */
#ifndef PD_SOCK_PART_H
#define PD_SOCK_PART_H

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/types.h>

#include "base/timers.h"
#include "net/sock.h"

struct pd_tls;

struct pd_sock {
	struct pd_worker *worker;
	const struct pd_sock_ops *ops;
	void *arg;
	struct event read_ev, write_ev;
	struct evbuffer *in, *out;
	int fd;
	int error;        /* found while writing, told by the next event */
	uint32_t reserve; /* bytes for the next read */
	uint32_t linger_ms;
	size_t thrown; /* bytes read to no end while closing gently */
	unsigned stalls;
	uint64_t lingered; /* sent at the linger timer's last look */
	size_t want;
	size_t mark;
	uint64_t received, sent;
	struct pd_timer linger;
	struct pd_tls *tls; /* NULL: plain */
	bool reading;       /* read_ev is in the loop */
	bool writing;       /* write_ev is */
	bool pressed;       /* drained() is owed */
	bool ended;         /* the peer's direction */
	bool fin;           /* ours ends when out is empty */
	bool fin_sent;
	bool gentle; /* closing gently: no owner */
	bool owing;  /* and counted in nowing */
	/* Of TLS, whose writing may have to wait for reading and the other way
	 * round. */
	bool handshaking; /* nothing of the owner's moves yet */
	bool write_held;  /* until something was read */
	bool read_held;   /* until something was written */
	bool tls_ended;   /* close_notify came, perhaps untold */
	bool tls_broken;  /* nothing more may be asked of the session */
};

static inline void
pd_sock_read_event(struct pd_sock *s, bool on)
{
	if (s->reading == on)
		return;
	s->reading = on;
	if (on)
		event_add(&s->read_ev, NULL);
	else
		event_del(&s->read_ev);
}

static inline void
pd_sock_write_event(struct pd_sock *s, bool on)
{
	if (s->writing == on)
		return;
	s->writing = on;
	if (on)
		event_add(&s->write_ev, NULL);
	else
		event_del(&s->write_ev);
}

/* sock.c: what either kind of socket does when it can be read or written. */
void pd_sock_on_readable(struct pd_sock *s, short what);
void pd_sock_on_writable(struct pd_sock *s);

/* sock_tls.c. Bytes read, 0 at the end, -1 with errno. */
ssize_t pd_sock_tls_read(struct pd_sock *s);
/* Sends what can be sent of out, and close_notify behind all of it when our
 * direction ends. 0: all, 1: the rest later, -1 with errno when broken. */
int pd_sock_tls_write(struct pd_sock *s);
/* pd_sock_want() has been told of more than nothing. */
void pd_sock_tls_want(struct pd_sock *s);
/* Bytes wait that the socket does not tell of. */
bool pd_sock_tls_pending(const struct pd_sock *s);
/* Says good bye if it can, and frees the session. */
void pd_sock_tls_finish(struct pd_sock *s);

#endif
