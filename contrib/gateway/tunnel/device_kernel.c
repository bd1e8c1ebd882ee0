/*
 * WireGuard in the kernel, through its family of generic netlink
 * (linux/wireguard.h).
 *
 * A nest of attributes has 64 KiB at most (its length has 16 bits), so many
 * peers go in several messages, and so may one peer's allowed addresses.
 */
#include <errno.h>
#include <linux/wireguard.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <openssl/crypto.h>
#include <string.h>

#include "tunnel/device.h"

#define MESSAGE 32768 /* bytes of one to the kernel */
#define ALLOWED 48    /* of one allowed address, or more */
#define PEER    256   /* of all else of a peer, or more */
#define TRIES   5     /* to read a device that changes */

/* A socket and the family's number, or -1 with errno: ENOENT when the kernel
 * has no WireGuard. */
static int
open_family(struct nl_sock **sk)
{
	int family;

	*sk = nl_socket_alloc();
	if (*sk == NULL) {
		errno = ENOMEM;
		return -1;
	}
	if (genl_connect(*sk) < 0) {
		nl_socket_free(*sk);
		errno = EPROTONOSUPPORT;
		return -1;
	}
	/* A dump's messages are as large as what we read at once. */
	nl_socket_set_msg_buf_size(*sk, 65536);
	family = genl_ctrl_resolve(*sk, WG_GENL_NAME);
	if (family < 0) {
		nl_socket_free(*sk);
		errno = ENOENT;
	}
	return family;
}

/* libnl's number of an error back to the kernel's. */
static int
to_errno(int err)
{
	switch (-err) {
	case NLE_SUCCESS:
		return 0;
	case NLE_PERM:
	case NLE_NOACCESS:
		return EPERM;
	case NLE_NODEV:
	case NLE_OBJ_NOTFOUND:
		return ENODEV;
	case NLE_OPNOTSUPP:
		return EOPNOTSUPP;
	case NLE_NOMEM:
		return ENOMEM;
	case NLE_EXIST: /* the kernel's EADDRINUSE as well as EEXIST */
		return EADDRINUSE;
	case NLE_DUMP_INTR:
		return EAGAIN;
	case NLE_RANGE:
	case NLE_INVAL:
	case NLE_MSGSIZE:
		return EINVAL;
	default:
		return EIO;
	}
}

static void
read_allowed(struct gw_peer *p, struct nlattr *list)
{
	struct nlattr *item, *a[WGALLOWEDIP_A_MAX + 1];
	int rest;

	for (item = nla_data(list), rest = nla_len(list); nla_ok(item, rest);
	     item = nla_next(item, &rest)) {
		struct gw_net net = { .len = 0 };
		size_t len;

		if (nla_parse_nested(a, WGALLOWEDIP_A_MAX, item, NULL) < 0 ||
		    a[WGALLOWEDIP_A_FAMILY] == NULL ||
		    a[WGALLOWEDIP_A_IPADDR] == NULL ||
		    a[WGALLOWEDIP_A_CIDR_MASK] == NULL)
			continue;
		net.addr.family = nla_get_u16(a[WGALLOWEDIP_A_FAMILY]);
		len = net.addr.family == AF_INET ? 4 : 16;
		if ((size_t)nla_len(a[WGALLOWEDIP_A_IPADDR]) < len)
			continue;
		memcpy(net.addr.ip, nla_data(a[WGALLOWEDIP_A_IPADDR]), len);
		net.len = nla_get_u8(a[WGALLOWEDIP_A_CIDR_MASK]);
		gw_peer_allow(p, &net);
	}
}

static void
read_bytes(struct nlattr *a, void *out, size_t len)
{
	if (a != NULL && (size_t)nla_len(a) >= len)
		memcpy(out, nla_data(a), len);
}

static void
read_peer(struct gw_device *d, struct nlattr *item)
{
	struct nlattr *a[WGPEER_A_MAX + 1];
	uint8_t key[GW_KEY_LEN] = { 0 };
	struct gw_peer *p;

	if (nla_parse_nested(a, WGPEER_A_MAX, item, NULL) < 0)
		return;
	read_bytes(a[WGPEER_A_PUBLIC_KEY], key, sizeof(key));
	/* The same peer as the last goes on: more allowed addresses. */
	p = d->n > 0 && memcmp(d->v[d->n - 1].key, key, sizeof(key)) == 0
		? &d->v[d->n - 1]
		: gw_device_add(d);
	memcpy(p->key, key, sizeof(key));
	read_bytes(a[WGPEER_A_PRESHARED_KEY], p->preshared, GW_KEY_LEN);
	if (a[WGPEER_A_ENDPOINT] != NULL) {
		struct sockaddr_storage ss = { .ss_family = 0 };
		size_t len = (size_t)nla_len(a[WGPEER_A_ENDPOINT]);

		memcpy(&ss, nla_data(a[WGPEER_A_ENDPOINT]),
		    len < sizeof(ss) ? len : sizeof(ss));
		p->endpoint = pd_addr_from_sockaddr((struct sockaddr *)&ss);
	}
	read_bytes(a[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL], &p->keepalive,
	    sizeof(p->keepalive));
	read_bytes(a[WGPEER_A_LAST_HANDSHAKE_TIME], &p->handshake,
	    sizeof(p->handshake));
	read_bytes(a[WGPEER_A_RX_BYTES], &p->received, sizeof(p->received));
	read_bytes(a[WGPEER_A_TX_BYTES], &p->sent, sizeof(p->sent));
	if (a[WGPEER_A_ALLOWEDIPS] != NULL)
		read_allowed(p, a[WGPEER_A_ALLOWEDIPS]);
}

static int
on_message(struct nl_msg *msg, void *arg)
{
	struct gw_device *d = arg;
	struct nlattr *a[WGDEVICE_A_MAX + 1], *item;
	int rest;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, a, WGDEVICE_A_MAX, NULL) < 0)
		return NL_SKIP;
	read_bytes(a[WGDEVICE_A_PRIVATE_KEY], d->key, GW_KEY_LEN);
	read_bytes(a[WGDEVICE_A_LISTEN_PORT], &d->listen, sizeof(d->listen));
	read_bytes(a[WGDEVICE_A_FWMARK], &d->mark, sizeof(d->mark));
	if (a[WGDEVICE_A_PEERS] == NULL)
		return NL_OK;
	for (item = nla_data(a[WGDEVICE_A_PEERS]),
	    rest = nla_len(a[WGDEVICE_A_PEERS]);
	     nla_ok(item, rest); item = nla_next(item, &rest))
		read_peer(d, item);
	return NL_OK;
}

static int
get_once(const char *link, struct gw_device *out)
{
	struct nl_msg *msg = NULL;
	struct nl_sock *sk;
	int family, err = -NLE_NOMEM;

	*out = (struct gw_device){ .set = 0 };
	family = open_family(&sk);
	if (family < 0)
		return -1;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_message, out);
	msg = nlmsg_alloc();
	if (msg != NULL &&
	    genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_DUMP,
		WG_CMD_GET_DEVICE, WG_GENL_VERSION) != NULL &&
	    nla_put_string(msg, WGDEVICE_A_IFNAME, link) == 0)
		err = nl_send_auto(sk, msg);
	if (err >= 0)
		err = nl_recvmsgs_default(sk);
	nlmsg_free(msg);
	nl_socket_free(sk);
	if (err < 0) {
		gw_device_finish(out);
		errno = to_errno(err);
		return -1;
	}
	return 0;
}

int
gw_device_kernel_get(const char *link, struct gw_device *out)
{
	int r = -1;

	/* Changed by somebody while it was read: read anew. */
	errno = EAGAIN;
	for (int i = 0; i < TRIES && r < 0 && errno == EAGAIN; i++)
		r = get_once(link, out);
	return r;
}

/* A change on its way, in as many messages as it needs. */
struct sending {
	struct nl_sock *sk;
	int family;
	const char *link;
	struct nl_msg *msg; /* NULL: none begun */
	struct nlattr *peers;
	int err;
};

static size_t
room(const struct sending *s)
{
	return MESSAGE - nlmsg_hdr(s->msg)->nlmsg_len;
}

static void
begin(struct sending *s)
{
	s->msg = nlmsg_alloc_size(MESSAGE);
	s->peers = NULL;
	if (s->msg == NULL ||
	    genlmsg_put(s->msg, NL_AUTO_PORT, NL_AUTO_SEQ, s->family, 0, 0,
		WG_CMD_SET_DEVICE, WG_GENL_VERSION) == NULL ||
	    nla_put_string(s->msg, WGDEVICE_A_IFNAME, s->link) < 0)
		s->err = -NLE_NOMEM;
}

static void
flush(struct sending *s)
{
	if (s->peers != NULL)
		nla_nest_end(s->msg, s->peers);
	if (s->err == 0) {
		s->err = nl_send_auto(s->sk, s->msg);
		if (s->err >= 0)
			s->err = nl_wait_for_ack(s->sk);
		if (s->err > 0)
			s->err = 0;
	}
	if (s->msg != NULL) /* Keys are in it. */
		OPENSSL_cleanse(
		    nlmsg_hdr(s->msg), nlmsg_hdr(s->msg)->nlmsg_len);
	nlmsg_free(s->msg);
	s->msg = NULL;
}

static int
put_endpoint(struct nl_msg *msg, const struct gw_peer *p)
{
	struct sockaddr_storage ss;
	socklen_t len = pd_addr_to_sockaddr(&p->endpoint, &ss);

	return nla_put(msg, WGPEER_A_ENDPOINT, (int)len, &ss);
}

/* All of a peer but its allowed addresses. */
static struct nlattr *
put_peer(struct sending *s, const struct gw_peer *p, bool first)
{
	struct nlattr *nest = nla_nest_start(s->msg, 0);
	struct nl_msg *msg = s->msg;
	uint32_t flags = 0;

	if (nest == NULL ||
	    nla_put(msg, WGPEER_A_PUBLIC_KEY, GW_KEY_LEN, p->key) < 0)
		goto full;
	if (!first)
		return nest;
	if ((p->set & GW_PEER_REMOVE) != 0)
		flags = WGPEER_F_REMOVE_ME;
	else if ((p->set & GW_PEER_ALLOWED) != 0)
		flags = WGPEER_F_REPLACE_ALLOWEDIPS;
	if (nla_put_u32(msg, WGPEER_A_FLAGS, flags) < 0 ||
	    ((p->set & GW_PEER_PRESHARED) != 0 &&
		nla_put(msg, WGPEER_A_PRESHARED_KEY, GW_KEY_LEN, p->preshared) <
		    0) ||
	    ((p->set & GW_PEER_ENDPOINT) != 0 && put_endpoint(msg, p) < 0) ||
	    ((p->set & GW_PEER_KEEPALIVE) != 0 &&
		nla_put_u16(msg, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
		    p->keepalive) < 0))
		goto full;
	return nest;
full:
	s->err = -NLE_NOMEM;
	return nest;
}

static void
put_allowed(struct sending *s, const struct gw_net *net)
{
	struct nlattr *nest = nla_nest_start(s->msg, 0);
	int len = net->addr.family == AF_INET ? 4 : 16;

	if (nest == NULL ||
	    nla_put_u16(s->msg, WGALLOWEDIP_A_FAMILY, net->addr.family) < 0 ||
	    nla_put(s->msg, WGALLOWEDIP_A_IPADDR, len, net->addr.ip) < 0 ||
	    nla_put_u8(s->msg, WGALLOWEDIP_A_CIDR_MASK, (uint8_t)net->len) < 0)
		s->err = -NLE_NOMEM;
	else
		nla_nest_end(s->msg, nest);
}

/* As many of the allowed addresses from *at on as there is room for. */
static void
send_piece(struct sending *s, const struct gw_peer *p, bool first, size_t *at)
{
	struct nlattr *nest, *list;

	if (s->msg != NULL && room(s) < PEER + ALLOWED)
		flush(s);
	if (s->msg == NULL)
		begin(s);
	if (s->err == 0 && s->peers == NULL)
		s->peers = nla_nest_start(s->msg, WGDEVICE_A_PEERS);
	if (s->err != 0)
		return;
	nest = put_peer(s, p, first);
	if (s->err == 0 && *at < p->allowed.n) {
		list = nla_nest_start(s->msg, WGPEER_A_ALLOWEDIPS);
		while (s->err == 0 && *at < p->allowed.n && room(s) > ALLOWED)
			put_allowed(s, &p->allowed.v[(*at)++]);
		if (s->err == 0)
			nla_nest_end(s->msg, list);
	}
	if (s->err == 0)
		nla_nest_end(s->msg, nest);
}

static void
send_peer(struct sending *s, const struct gw_peer *p)
{
	size_t at = (p->set & GW_PEER_ALLOWED) != 0 ? 0 : p->allowed.n;

	send_piece(s, p, true, &at);
	while (s->err == 0 && at < p->allowed.n)
		send_piece(s, p, false, &at);
}

static void
put_device(struct sending *s, const struct gw_device *d)
{
	if (s->err == 0 &&
	    (((d->set & GW_DEVICE_KEY) != 0 &&
		 nla_put(s->msg, WGDEVICE_A_PRIVATE_KEY, GW_KEY_LEN, d->key) <
		     0) ||
		((d->set & GW_DEVICE_LISTEN) != 0 &&
		    nla_put_u16(s->msg, WGDEVICE_A_LISTEN_PORT, d->listen) <
			0) ||
		((d->set & GW_DEVICE_MARK) != 0 &&
		    nla_put_u32(s->msg, WGDEVICE_A_FWMARK, d->mark) < 0)))
		s->err = -NLE_NOMEM;
}

int
gw_device_kernel_set(const char *link, const struct gw_device *change)
{
	struct sending s = { .link = link };

	s.family = open_family(&s.sk);
	if (s.family < 0)
		return -1;
	begin(&s);
	put_device(&s, change);
	for (size_t i = 0; i < change->n && s.err == 0; i++)
		send_peer(&s, &change->v[i]);
	if (s.msg != NULL)
		flush(&s);
	nl_socket_free(s.sk);
	if (s.err < 0) {
		errno = to_errno(s.err);
		return -1;
	}
	return 0;
}
