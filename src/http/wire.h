/*
 * One exchange's place on a client connection, whatever version is spoken
 * there: what h1 and h2 both offer to the handler above.
 *
 * The connection calls the handler with a whole header section; the handler
 * answers through the functions here. When the exchange is over - ended,
 * aborted, or its client gone - the wire is dead and must not be touched.
 * Thread: worker.
 */
#ifndef PD_WIRE_H
#define PD_WIRE_H

#include "http/http.h"

struct evbuffer;
struct pd_sock;
struct pd_wire;

/* What reading content has come to. */
enum pd_read {
	PD_READ_MORE,  /* more will come: readable() tells */
	PD_READ_WHOLE, /* the content is whole, trailers are there */
	PD_READ_BAD,   /* malformed or cut short: see the fault */
};

/* What the handler of an exchange is told. Each is the caller's last act. */
struct pd_wire_events {
	/* pd_wire_read() may bring something. */
	void (*readable)(void *arg);
	/* There is room again after pd_wire_room() was short. */
	void (*drained)(void *arg);
	/* Content came too slowly (status 408), or the client is gone (status
	 * 0: the wire is dead already, only `sent` can still be read). */
	void (*failed)(void *arg, int status, const char *what);
};

struct pd_wire_ops {
	void (*set_events)(
	    struct pd_wire *w, const struct pd_wire_events *events, void *arg);
	enum pd_read (*read)(struct pd_wire *w, struct evbuffer *out,
	    size_t room, const struct pd_fields **trailers,
	    struct pd_fault *fault);
	void (*inform)(struct pd_wire *w, const struct pd_response *res);
	void (*respond)(struct pd_wire *w, const struct pd_response *res);
	void (*send)(struct pd_wire *w, struct evbuffer *content);
	void (*flush)(struct pd_wire *w);
	void (*end)(struct pd_wire *w, const struct pd_fields *trailers);
	void (*abort)(struct pd_wire *w);
	size_t (*room)(const struct pd_wire *w);
	struct pd_sock *(*take)(
	    struct pd_wire *w, const struct pd_response *res);
};

struct pd_wire {
	const struct pd_wire_ops *ops;
	const struct pd_addr *client, *local;
	/*
	 * Of a connection that the packet filter led here: where it was going,
	 * which the socket tells and never the client. Family 0: it was dialled
	 * by who found the port. NULL: the client knows that it speaks to a
	 * proxy.
	 */
	const struct pd_addr *wanted;
	uint64_t sent; /* content bytes of this response so far */
};

static inline void
pd_wire_set_events(
    struct pd_wire *w, const struct pd_wire_events *events, void *arg)
{
	w->ops->set_events(w, events, arg);
}

/*
 * Moves content of the request to out, framing off, at most room bytes. What
 * is not read stays where it is and stops the client. WHOLE: *trailers is set
 * (an empty section for none). 100 (Continue) is the handler's to send.
 */
static inline enum pd_read
pd_wire_read(struct pd_wire *w, struct evbuffer *out, size_t room,
    const struct pd_fields **trailers, struct pd_fault *fault)
{
	return w->ops->read(w, out, room, trailers, fault);
}

/* A 1xx response; nothing to a client of HTTP/1.0. Before respond only. */
static inline void
pd_wire_inform(struct pd_wire *w, const struct pd_response *res)
{
	w->ops->inform(w, res);
}

/*
 * The header section. res->body says how content will follow; for LENGTH
 * exactly content_length bytes must be sent before the end. The version's own
 * framing is put on by the wire. res->close ends the connection afterwards.
 */
static inline void
pd_wire_respond(struct pd_wire *w, const struct pd_response *res)
{
	w->ops->respond(w, res);
}

/* Takes all of content; it leaves with the next flush or the end. */
static inline void
pd_wire_send(struct pd_wire *w, struct evbuffer *content)
{
	w->ops->send(w, content);
}

/* Lets go what respond and send have gathered. */
static inline void
pd_wire_flush(struct pd_wire *w)
{
	w->ops->flush(w);
}

/* The response is whole. The wire is dead afterwards. trailers may be NULL. */
static inline void
pd_wire_end(struct pd_wire *w, const struct pd_fields *trailers)
{
	w->ops->end(w, trailers);
}

/* Cuts the response short so that it cannot be taken for whole. Dead after. */
static inline void
pd_wire_abort(struct pd_wire *w)
{
	w->ops->abort(w);
}

/* Bytes that may be sent before the client must take some. */
static inline size_t
pd_wire_room(const struct pd_wire *w)
{
	return w->ops->room(w);
}

/*
 * Takes the connection for a tunnel that opens with res (2xx to CONNECT, or
 * 101), which is in its output, not flushed; its input holds what came after
 * the request. res NULL: nobody asked for the tunnel, and nothing is said.
 * Dead after. NULL where the version has no such thing.
 */
static inline struct pd_sock *
pd_wire_take(struct pd_wire *w, const struct pd_response *res)
{
	return w->ops->take(w, res);
}

#endif
