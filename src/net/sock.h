/*
 * One connected, non-blocking stream socket with its two buffers: the only
 * place that reads from and writes to connections.
 *
 * In place of a bufferevent, for what it costs: writes are tried at once and
 * the event loop is asked only when the kernel's buffer is full; reading stops
 * and starts without a system call while nothing arrives; an idle socket holds
 * no buffer memory. Knows nothing of HTTP. TLS stands behind these functions,
 * too.
 * Thread: worker.
 */
#ifndef PD_SOCK_H
#define PD_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;
struct pd_tls;
struct pd_worker;

struct pd_sock;

/* Each is the last thing that the socket does: it may be destroyed inside. */
struct pd_sock_ops {
	/* Bytes were added to the input. */
	void (*readable)(void *arg);
	/* The output is down to the mark again after having been above it. */
	void (*drained)(void *arg);
	/* The peer ended its direction; what came before is in the input. */
	void (*ended)(void *arg);
	/* Reset or another error; nothing more goes either way. When writing
	 * failed, what the peer had sent before comes first, as far as it is
	 * wanted; output is thrown away meanwhile. */
	void (*failed)(void *arg, int error);
};

/* Takes fd. Reads nothing until pd_sock_want(). Aborts when out of memory. */
struct pd_sock *pd_sock_create(
    struct pd_worker *w, int fd, const struct pd_sock_ops *ops, void *arg);
/* Closes at once; what is unsent is lost. NULL is fine. */
void pd_sock_destroy(struct pd_sock *s);
/*
 * From here on bytes go through the session, which the socket takes and which
 * was made for its descriptor. The handshake begins in the loop; output waits
 * for it, a peer that is not believed gets none of it. What fails comes as
 * failed(), and so does an end without close_notify. Both buffers are empty.
 */
void pd_sock_start_tls(struct pd_sock *s, struct pd_tls *tls);
/* After failed(): what TLS says was wrong, for people; NULL when it was not
 * TLS. */
const char *pd_sock_tls_error(const struct pd_sock *s);
/* Hands the socket to another owner. */
void
pd_sock_set_owner(struct pd_sock *s, const struct pd_sock_ops *ops, void *arg);

/* Lets readable() bring at most n bytes more at a time; 0 stops reading. */
void pd_sock_want(struct pd_sock *s, size_t n);

/* Has readable() called from the loop, soon, though nothing new came. */
void pd_sock_poke(struct pd_sock *s);

/* Received and not yet drained by the owner. */
struct evbuffer *pd_sock_in(struct pd_sock *s);
/* The owner appends, then calls pd_sock_flush(). */
struct evbuffer *pd_sock_out(struct pd_sock *s);

/*
 * Sends what it can now, the rest when the kernel takes it. drained() follows
 * if more than `mark` bytes stay. An error comes as failed(), later.
 */
void pd_sock_flush(struct pd_sock *s, size_t mark);

/* Nothing waits in the kernel, no bytes and no end: an idle connection that may
 * be used again. A system call. */
bool pd_sock_is_quiet(const struct pd_sock *s);

/* After all output is sent, ends our direction (FIN); drained() follows if that
 * takes a while. */
void pd_sock_shutdown(struct pd_sock *s);
/*
 * Takes the socket from its owner: sends the rest, ends our direction, then
 * reads and throws away until the peer ends or `linger_ms` pass after that, so
 * that no reset overtakes the answer (RFC 9112, 9.6); then destroys it.
 */
void pd_sock_close_gently(struct pd_sock *s, uint32_t linger_ms);
/* How many sockets of this thread close gently with output yet to send. */
size_t pd_sock_owing(void);
/* Destroys it with a reset: the peer cannot take what it has for the whole. */
void pd_sock_reset(struct pd_sock *s);

bool pd_sock_has_ended(const struct pd_sock *s);
size_t pd_sock_unsent(const struct pd_sock *s);
/*
 * Bytes that may be appended before the peer must take some, of `high` in all.
 * None from the flush that left more than its mark until drained(): what is
 * added meanwhile would only lie there.
 */
size_t pd_sock_room(const struct pd_sock *s, size_t high);
/* A counter that moves with every byte either way, for idle timeouts. */
uint64_t pd_sock_moved(const struct pd_sock *s);
uint64_t pd_sock_sent(const struct pd_sock *s);
int pd_sock_fd(const struct pd_sock *s);

#endif
