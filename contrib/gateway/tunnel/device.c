/* The model of a WireGuard device, and the difference of two. */
#include "tunnel/device.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* Seconds after the last handshake in which a session may still be alive:
 * REJECT_AFTER_TIME of the WireGuard paper, 6.1. */
#define SESSION_S 180

void
gw_device_finish(struct gw_device *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].name);
		free(d->v[i].preshared_file);
		free(d->v[i].host);
		free(d->v[i].allowed.v);
	}
	if (d->v != NULL)
		OPENSSL_cleanse(d->v, d->n * sizeof(*d->v));
	free(d->v);
	OPENSSL_cleanse(d, sizeof(*d));
}

struct gw_peer *
gw_device_add(struct gw_device *d)
{
	/* Grown by doubling: a device may have thousands of peers. */
	if ((d->n & (d->n - 1)) == 0)
		d->v = pd_xrealloc(
		    d->v, (d->n == 0 ? 1 : 2 * d->n) * sizeof(*d->v));
	memset(&d->v[d->n], 0, sizeof(*d->v));
	return &d->v[d->n++];
}

void
gw_peer_allow(struct gw_peer *p, const struct gw_net *net)
{
	struct gw_nets *a = &p->allowed;

	if ((a->n & (a->n - 1)) == 0)
		a->v = pd_xrealloc(
		    a->v, (a->n == 0 ? 1 : 2 * a->n) * sizeof(*a->v));
	a->v[a->n++] = gw_net_base(net);
}

struct gw_peer *
gw_device_find(const struct gw_device *d, const uint8_t key[GW_KEY_LEN])
{
	for (size_t i = 0; i < d->n; i++) {
		if (memcmp(d->v[i].key, key, GW_KEY_LEN) == 0)
			return &d->v[i];
	}
	return NULL;
}

int
gw_device_get(const char *link, struct gw_device *out)
{
	if (gw_device_kernel_get(link, out) == 0)
		return 0;
	/* Another's link (EOPNOTSUPP, which wireguard-go's is), or a kernel
	 * without WireGuard (ENOENT). */
	if (errno != EOPNOTSUPP && errno != ENOENT)
		return -1;
	return gw_device_socket_get(link, out);
}

int
gw_device_set(const char *link, const struct gw_device *change)
{
	if (gw_device_kernel_set(link, change) == 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != ENOENT)
		return -1;
	return gw_device_socket_set(link, change);
}

static bool
has_net(const struct gw_nets *nets, const struct gw_net *net)
{
	for (size_t i = 0; i < nets->n; i++) {
		if (nets->v[i].len == net->len &&
		    pd_addr_equal(&nets->v[i].addr, &net->addr))
			return true;
	}
	return false;
}

/* As sets: the kernel gives them in an order of its own. */
static bool
same_nets(const struct gw_nets *a, const struct gw_nets *b)
{
	for (size_t i = 0; i < a->n; i++) {
		if (!has_net(b, &a->v[i]))
			return false;
	}
	for (size_t i = 0; i < b->n; i++) {
		if (!has_net(a, &b->v[i]))
			return false;
	}
	return true;
}

bool
gw_peer_is_lost(
    const struct gw_peer *want, const struct gw_peer *have, int64_t now)
{
	if (want->host == NULL && want->endpoint.family == 0)
		return false;
	return have == NULL || have->endpoint.family == 0 ||
	       now - have->handshake > SESSION_S;
}

static unsigned
peer_difference(
    const struct gw_peer *want, const struct gw_peer *have, int64_t now)
{
	static const struct gw_peer nothing;
	unsigned set = 0;

	if (want->endpoint.family != 0 && gw_peer_is_lost(want, have, now) &&
	    (have == NULL || !pd_addr_equal(&want->endpoint, &have->endpoint)))
		set |= GW_PEER_ENDPOINT;
	if (have == NULL) {
		have = &nothing;
		set |= GW_PEER_ALLOWED;
	}
	if (CRYPTO_memcmp(want->preshared, have->preshared, GW_KEY_LEN) != 0)
		set |= GW_PEER_PRESHARED;
	if (want->keepalive != have->keepalive)
		set |= GW_PEER_KEEPALIVE;
	if (!same_nets(&want->allowed, &have->allowed))
		set |= GW_PEER_ALLOWED;
	return set;
}

static void
add_change(struct gw_device *out, const struct gw_peer *want, unsigned set)
{
	struct gw_peer *p = gw_device_add(out);

	p->set = set;
	memcpy(p->key, want->key, GW_KEY_LEN);
	if (set == GW_PEER_REMOVE)
		return;
	memcpy(p->preshared, want->preshared, GW_KEY_LEN);
	p->endpoint = want->endpoint;
	p->keepalive = want->keepalive;
	for (size_t i = 0; i < want->allowed.n; i++)
		gw_peer_allow(p, &want->allowed.v[i]);
}

bool
gw_device_difference(const struct gw_device *want, const struct gw_device *have,
    int64_t now, struct gw_device *out)
{
	*out = (struct gw_device){ .set = 0 };
	if (CRYPTO_memcmp(want->key, have->key, GW_KEY_LEN) != 0)
		out->set |= GW_DEVICE_KEY;
	if (want->listen != have->listen)
		out->set |= GW_DEVICE_LISTEN;
	if (want->mark != have->mark)
		out->set |= GW_DEVICE_MARK;
	memcpy(out->key, want->key, GW_KEY_LEN);
	out->listen = want->listen;
	out->mark = want->mark;
	for (size_t i = 0; i < have->n; i++) {
		if (gw_device_find(want, have->v[i].key) == NULL)
			add_change(out, &have->v[i], GW_PEER_REMOVE);
	}
	for (size_t i = 0; i < want->n; i++) {
		const struct gw_peer *p = &want->v[i];
		const struct gw_peer *there = gw_device_find(have, p->key);
		unsigned set = peer_difference(p, there, now);

		if (set != 0)
			add_change(out, p, set);
	}
	return out->set != 0 || out->n > 0;
}
