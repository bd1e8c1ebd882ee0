/*
 * What is spoken on a connection that the packet filter led here: known by its
 * first bytes, which stay where they are for whoever comes next.
 *
 * HTTP goes on as any connection. Everything else becomes a tunnel to where it
 * was going, TLS by the name in its ClientHello. Where no byte comes the server
 * may have to speak first (mail, for one): a tunnel too, after a while. On port
 * 80 all is HTTP but TLS, and so it is where the port was dialled directly.
 *
 * On port 443 nothing is opened for silence: no server speaks first there, and
 * a ClientHello that comes late would go past the lists.
 */
#include "net/conn_part.h"
#include "net/hello.h"

/* Servers that wait for no client greet within a second; browsers that open
 * connections ahead of use let them lie longer, but not on such ports. */
#define SILENT_MS 3000

#define HTTP_PORT  80
#define HTTPS_PORT 443

static bool
is_http_port(const struct pd_conn *c)
{
	return c->wanted.family == 0 || c->wanted.port == HTTP_PORT;
}

static bool
may_be_silent(const struct pd_conn *c)
{
	return !is_http_port(c) && c->wanted.port != HTTPS_PORT;
}

int64_t
pd_conn_first_timeout(const struct pd_conn *c)
{
	return may_be_silent(c) ? SILENT_MS : c->ctx->conf->idle_timeout_ms;
}

/* The handler has the wire from here on; what was read stays for the tunnel. */
static void
open_tunnel(struct pd_conn *c, const struct pd_hello *hello, const char *fault)
{
	if (c->conf == NULL)
		c->conf = pd_conf_ref(c->ctx->conf);
	c->arena = pd_arena_create();
	c->state = PD_CONN_EXCHANGE;
	c->served = true;
	pd_h1_body_init(&c->body, PD_BODY_NONE, 0, true);
	c->moved = pd_sock_moved(c->sock);
	pd_conn_set_timer(c, c->conf->conn_timeout_ms);
	pd_conn_set_reading(c);
	c->ctx->tunnel(c->ctx->arg, &c->wire, hello, fault, c->arena);
}

/* What has come, in one piece; as much of it as a ClientHello may be. */
static struct pd_str
look(struct pd_conn *c)
{
	struct evbuffer *in = pd_sock_in(c->sock);
	size_t n = evbuffer_get_length(in);

	n = n < PD_HELLO_MAX ? n : PD_HELLO_MAX;
	return pd_str_of((const char *)evbuffer_pullup(in, (ev_ssize_t)n), n);
}

static enum pd_hello_kind
kind_of(const struct pd_conn *c, struct pd_str bytes)
{
	enum pd_hello_kind kind = pd_hello_kind(bytes);

	if (!is_http_port(c) || kind == PD_HELLO_TLS ||
	    (kind == PD_HELLO_UNSURE && pd_hello_may_be_tls(bytes)))
		return kind;
	return PD_HELLO_HTTP;
}

/* More is waited for, unless no more will come. */
static void
await_more(struct pd_conn *c)
{
	if (pd_sock_has_ended(c->sock))
		pd_conn_close_gently(c);
	else
		pd_conn_set_reading(c);
}

static void
read_hello(struct pd_conn *c, struct pd_str bytes)
{
	struct pd_hello hello;

	switch (pd_hello_read(bytes, &hello)) {
	case PD_HELLO_MORE:
		await_more(c);
		break;
	case PD_HELLO_DONE:
		open_tunnel(c, &hello, NULL);
		break;
	case PD_HELLO_BAD:
		open_tunnel(c, &hello, "a malformed ClientHello");
		break;
	}
}

void
pd_conn_first(struct pd_conn *c)
{
	struct pd_str bytes = look(c);

	if (bytes.n == 0) {
		await_more(c);
		return;
	}
	if (c->conf == NULL) {
		c->conf = pd_conf_ref(c->ctx->conf);
		pd_conn_set_timer(c, c->conf->header_timeout_ms);
	}
	switch (kind_of(c, bytes)) {
	case PD_HELLO_UNSURE:
		await_more(c);
		break;
	case PD_HELLO_HTTP:
		pd_conn_forget_exchange(c);
		pd_conn_idle(c);
		break;
	case PD_HELLO_TLS:
		read_hello(c, bytes);
		break;
	case PD_HELLO_OTHER:
		open_tunnel(c, NULL, NULL);
		break;
	}
}

void
pd_conn_first_late(struct pd_conn *c)
{
	/* Half a ClientHello is not sent on unread, nor half a request where
	 * lists hold: whoever is slow on purpose would get past them. */
	if (!may_be_silent(c) || pd_hello_may_be_tls(look(c)))
		pd_conn_close_gently(c);
	else
		open_tunnel(c, NULL, NULL);
}
