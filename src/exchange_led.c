/*
 * Exchanges of connections that the packet filter led here: their clients know
 * of no proxy. What differs from the others stands here; the steps are the
 * same.
 *
 * Where such a connection goes is what the socket says and nothing else. A page
 * may make a browser, or a plugin of it, send any Host to an address of the
 * page's own choice; a proxy that followed Host would bring it past the
 * browser's rules to wherever it likes (CVE-2009-0801). So the name decides
 * what is allowed and what is done, and the address where the bytes go.
 *
 * TLS and all other protocols become tunnels: exchanges that look like CONNECT
 * to the lists and in the log, though nobody asked for one and nobody could
 * read an answer.
 */
#include "exchange_steps.h"

#include "base/log.h"
#include "net/hello.h"
#include "net/self.h"
#include "net/sock.h"
#include "portal.h"

#define LINGER_MS 2000

/* ---- HTTP -------------------------------------------------------------- */

static bool
has_ip(const struct pd_addr *a, const struct pd_addr *ip)
{
	return a->family == ip->family &&
	       memcmp(a->ip, ip->ip, sizeof(a->ip)) == 0;
}

/*
 * Whether a literal, in whatever spelling, is the address; not its port. Behind
 * NAT64 the client was given an IPv4 address and dials an IPv6 one that holds
 * it (RFC 6052, 2.1). Other addresses that hold one lead elsewhere than it.
 */
static bool
is_same_address(const struct pd_addr *literal, const struct pd_addr *a)
{
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	struct pd_addr plain = pd_addr_unmap(literal), target = *a;

	if (plain.family == AF_INET && a->family == AF_INET6 &&
	    memcmp(a->ip, nat64, sizeof(nat64)) == 0)
		target = pd_addr_unwrap(a);
	return has_ip(&plain, &target);
}

static enum pd_step
deny_direct(struct pd_exchange *ex)
{
	const char *fix = pd_arena_printf(ex->arena,
	    "As a proxy, pared is reached through port %d.",
	    (int)ex->setup->conf->port)
			      .p;

	return pd_exchange_deny(ex,
	    "This port is for connections that a packet filter leads here "
	    "from their way to somewhere else.",
	    fix);
}

/* Host names the place to which the connection goes, as far as that can be
 * said without asking. */
static enum pd_step
check_host(struct pd_exchange *ex)
{
	const struct pd_authority *host = &ex->req->url.authority;

	if (host->port != ex->wanted.port ||
	    (host->kind != PD_HOST_NAME &&
		!is_same_address(&host->addr, &ex->wanted))) {
		char text[PD_ADDR_TEXT];

		pd_log_peer(PD_LOG_INFO, ex->msg.id,
		    "exchange: Host: %.*s on a connection to %s",
		    PD_STR_ARG(host->text),
		    pd_addr_text_port(&ex->wanted, text));
		return pd_exchange_deny(ex,
		    "Host names another place than the connection goes to.",
		    NULL);
	}
	ex->unverified = host->kind == PD_HOST_NAME;
	return NEXT;
}

/* From here on the request is as one that was sent to a proxy. */
static bool
make_absolute(struct pd_exchange *ex)
{
	struct pd_request *req = ex->req;
	/* "OPTIONS *" has no path in this form (RFC 9112, 3.2.4). */
	struct pd_str path =
	    req->form == PD_FORM_ASTERISK ? PD_STR("") : req->url.path;

	req->target = pd_arena_printf(ex->arena, "http://%.*s%.*s",
	    PD_STR_ARG(req->url.authority.text), PD_STR_ARG(path));
	req->form = PD_FORM_ABSOLUTE;
	/* Its parts have to be slices of it, where rules are looked up. */
	return pd_url_parse(req->target, ex->arena, &req->url) == PD_URL_OK;
}

/* Servers take the absolute-form as well (RFC 9112, 3.2.2), and it is one of
 * them that the client believes to speak to. */
static bool
is_for_proxy(const struct pd_exchange *ex)
{
	const struct pd_request *req = ex->req;

	return req->form == PD_FORM_AUTHORITY ||
	       (req->form == PD_FORM_ABSOLUTE &&
		   (ex->wanted.family == 0 ||
		       req->url.scheme != PD_SCHEME_HTTP));
}

enum pd_step
pd_exchange_check_led(struct pd_exchange *ex)
{
	struct pd_request *req = ex->req;

	if (ex->unread)
		return ex->wanted.family == 0 ? deny_direct(ex) : NEXT;
	if (is_for_proxy(ex))
		return pd_exchange_reply_error(ex, 400,
		    "This request is one to a proxy, and came to where clients "
		    "that know of none are served.",
		    "Set the proxy to the port that Port names.");
	if (req->form == PD_FORM_ABSOLUTE)
		return check_host(ex);
	/* It is in origin-form, which the portal answers. */
	if (req->form == PD_FORM_ORIGIN &&
	    pd_portal_is_host(ex->setup->conf, &req->url.authority, false))
		return NEXT;
	if (req->url.authority.host.n == 0 || !make_absolute(ex))
		return pd_exchange_reply_error(ex, 400,
		    "The request does not say for which host it is.", NULL);
	return ex->wanted.family == 0 ? deny_direct(ex) : check_host(ex);
}

/* A client that knows of no proxy cannot be asked for a password: its address
 * must do. */
enum pd_step
pd_exchange_check_device(struct pd_exchange *ex)
{
	const struct pd_conf *conf = ex->setup->conf;

	if (conf->auth_mode == 0 ||
	    pd_conf_device_of(conf, &ex->client) != NULL)
		return NEXT;
	return pd_exchange_deny(ex,
	    "This proxy asks for a password, which cannot be done here.",
	    "The configuration can name this device: device { address = ... }; "
	    "or the proxy can be set on it.");
}

const struct pd_addr *
pd_exchange_local(struct pd_exchange *ex)
{
	struct pd_addr *local;

	if (!ex->led)
		return ex->wire->local;
	local = pd_arena_alloc(ex->arena, sizeof(*local));
	*local = *ex->wire->local;
	/* With TPROXY the socket's own address is that of somebody else. */
	if (pd_addr_equal(local, &ex->wanted))
		*local = pd_self_source(&ex->client);
	local->port = (uint16_t)ex->setup->conf->port;
	return local;
}

/* ---- does the name lead to the address? -------------------------------- */

static void
on_addresses(void *arg, int family, enum pd_resolve_status status,
    const struct pd_addr *addrs, size_t n)
{
	struct pd_exchange *ex = arg;

	(void)status;
	if (family != ex->wanted.family)
		return;
	pd_resolve_cancel(ex->verifying);
	ex->verifying = NULL;
	for (size_t i = 0; i < n; i++) {
		if (has_ip(&addrs[i], &ex->wanted))
			ex->unverified = false;
	}
	pd_exchange_run(ex);
}

/* The next step waits for the answer. Nobody but a parent needs it: where we
 * connect by the address a false name gets no further. */
enum pd_step
pd_exchange_verify(struct pd_exchange *ex)
{
	if (ex->led && ex->unverified && !ex->unread &&
	    ex->setup->conf->next_proxy != NULL)
		ex->verifying = pd_resolve_start(ex->ctx->resolver,
		    ex->req->url.authority.host,
		    (uint32_t)ex->setup->conf->connect_timeout_ms, on_addresses,
		    ex);
	return NEXT;
}

/* The address in place of a name. */
static void
set_literal(
    struct pd_authority *a, const struct pd_addr *addr, struct pd_arena *arena)
{
	char text[PD_ADDR_TEXT];
	struct pd_str whole =
	    pd_arena_printf(arena, "%s", pd_addr_text_port(addr, text));

	/* Our own spelling is well-formed. */
	(void)pd_authority_parse(whole, 0, arena, a);
}

/*
 * A parent is given a name that leads to where the connection goes. Any other
 * it would look up, and go where the client says: it gets the address.
 */
const struct pd_request *
pd_exchange_parent_request(struct pd_exchange *ex)
{
	struct pd_request *req;

	if (!ex->led || !ex->unverified)
		return ex->req;
	req = pd_arena_alloc(ex->arena, sizeof(*req));
	*req = *ex->req;
	set_literal(&req->url.authority, &ex->wanted, ex->arena);
	if (req->method == PD_METHOD_CONNECT)
		req->target = req->url.authority.text;
	return req;
}

/* ---- what is no HTTP --------------------------------------------------- */

/*
 * Puts the name that TLS asks for in place of the address in *a. false: it is
 * none. SNI has names only (RFC 6066, 3); an address there says nothing, if it
 * is the one that was dialled.
 */
static bool
read_name(struct pd_exchange *ex, const struct pd_hello *hello,
    struct pd_authority *a)
{
	struct pd_str name =
	    pd_arena_str(ex->arena, pd_str_of(hello->name, hello->name_len));
	struct pd_authority named;

	if (pd_addr_parse(name, &named.addr) == 0)
		return is_same_address(&named.addr, &ex->wanted);
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == ':' || name.p[i] == '[')
			return false;
	}
	if (pd_authority_parse(name, ex->wanted.port, ex->arena, &named) !=
	    PD_URL_OK)
		return false;
	if (named.kind != PD_HOST_NAME)
		return is_same_address(&named.addr, &ex->wanted);
	name = pd_arena_printf(
	    ex->arena, "%.*s:%u", PD_STR_ARG(named.host), ex->wanted.port);
	return pd_authority_parse(name, 0, ex->arena, a) == PD_URL_OK;
}

/* The CONNECT that would have asked for the tunnel; NULL: what is wrong. */
static const char *
make_request(struct pd_exchange *ex, const struct pd_hello *hello)
{
	struct pd_request *req = pd_arena_zalloc(ex->arena, sizeof(*req));
	struct pd_authority *a = &req->url.authority;
	const char *fault = NULL;

	/* For who dialled the port itself: that is refused. */
	if (ex->wanted.family != 0)
		set_literal(a, &ex->wanted, ex->arena);
	else
		set_literal(a, ex->wire->local, ex->arena);
	if (hello != NULL && hello->name_len > 0 && ex->wanted.family != 0 &&
	    !read_name(ex, hello, a))
		fault = "the ClientHello names no host, or another than the "
			"connection goes to";
	req->method = PD_METHOD_CONNECT;
	req->method_name = PD_STR("CONNECT");
	req->form = PD_FORM_AUTHORITY;
	req->target = a->text;
	req->minor = 1;
	ex->req = req;
	ex->msg.request = req;
	return fault;
}

void
pd_exchange_led_tunnel(
    struct pd_exchange *ex, const struct pd_hello *hello, const char *fault)
{
	const char *unnamed;

	ex->tunnel = true;
	ex->unread = true;
	ex->tls = hello != NULL;
	ex->msg.access_flags |= PD_ACCESS_CONNECT;
	unnamed = make_request(ex, fault == NULL ? hello : NULL);
	if (fault == NULL)
		fault = unnamed;
	if (fault == NULL) {
		pd_exchange_run(ex);
		return;
	}
	ex->verdict_name = "malformed";
	pd_stats_add(pd_exchange_stats(ex), PD_STAT_REQUESTS_BAD, 1);
	pd_exchange_reply_error(ex, 400, fault, NULL);
}

/*
 * The end of a tunnel that was not opened. TLS can say so: with
 * unrecognized_name (RFC 6066, 3) browsers show at once that the name is the
 * matter; access_denied would have them speak of client certificates. When the
 * origin cannot be reached the client sees what it would see without us, a
 * connection that breaks.
 */
enum pd_step
pd_exchange_cut_off(struct pd_exchange *ex, int status)
{
	enum { DECODE_ERROR = 50, UNRECOGNIZED_NAME = 112 };
	const uint8_t alert[] = { 21, 3, 3, 0, 2, 2,
		status == 400 ? DECODE_ERROR : UNRECOGNIZED_NAME };
	struct pd_sock *client = pd_wire_take(ex->wire, NULL);

	ex->wire = NULL;
	ex->res.status = status;
	if (ex->tls && status < 500) {
		evbuffer_add(pd_sock_out(client), alert, sizeof(alert));
		pd_sock_close_gently(client, LINGER_MS);
	} else {
		pd_sock_reset(client);
	}
	return pd_exchange_finish(ex);
}
