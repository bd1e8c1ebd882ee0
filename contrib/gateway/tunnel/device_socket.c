/*
 * WireGuard in a program, wireguard-go, through its text socket (the
 * "cross-platform userspace" protocol of wireguard.com/xplatform): a request
 * and its answer are lines of KEY=VALUE, and end with an empty one.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "tunnel/device.h"

/* Of an answer: a hundred thousand peers and more. */
#define ANSWER_MAX (64u << 20)
/* It answers from memory; one that does not is stuck. */
#define TIMEOUT_S 10

static int
connect_to(const char *link)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = TIMEOUT_S };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int saved;

	if (fd < 0)
		return -1;
	snprintf(sun.sun_path, sizeof(sun.sun_path),
	    GW_DEVICE_SOCKET_DIR "/%s.sock", link);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved == ENOENT || saved == ECONNREFUSED ? ENODEV
		: saved == EACCES                        ? EPERM
							 : saved;
	return -1;
}

static int
send_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static bool
is_whole(const char *text, size_t len)
{
	return len >= 2 && memcmp(text + len - 2, "\n\n", 2) == 0;
}

/* Up to the empty line; NULL with errno. */
static char *
receive(int fd, size_t *len)
{
	size_t cap = 0;
	char *text = NULL;
	int err = EPROTO;

	*len = 0;
	while (!is_whole(text, *len)) {
		ssize_t n;

		if (*len == cap) {
			if (cap >= ANSWER_MAX)
				goto bad;
			cap = cap == 0 ? 4096 : 2 * cap;
			text = pd_xrealloc(text, cap);
		}
		n = recv(fd, text + *len, cap - *len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = errno == EAGAIN ? ETIMEDOUT : errno;
		if (n <= 0)
			goto bad;
		*len += (size_t)n;
	}
	return text;
bad:
	if (text != NULL)
		OPENSSL_cleanse(text, *len);
	free(text);
	errno = err;
	return NULL;
}

/* One request and its answer. 0 or -1 with errno. */
static int
ask(const char *link, const char *text, struct gw_device *out)
{
	int fd = connect_to(link), saved, r = -1;
	char *answer = NULL;
	size_t len = 0;

	if (fd < 0)
		return -1;
	if (send_all(fd, text, strlen(text)) == 0)
		answer = receive(fd, &len);
	saved = errno;
	close(fd);
	errno = saved;
	if (answer == NULL)
		return -1;
	r = gw_device_socket_read(out, pd_str_of(answer, len));
	saved = errno;
	OPENSSL_cleanse(answer, len);
	free(answer);
	errno = saved;
	return r;
}

static int
read_key(struct pd_str hex, uint8_t key[GW_KEY_LEN])
{
	uint8_t bytes[GW_KEY_LEN];

	if (hex.n != 2 * GW_KEY_LEN)
		return -1;
	for (size_t i = 0; i < GW_KEY_LEN; i++) {
		int hi = pd_hex_digit(hex.p[2 * i]);
		int lo = pd_hex_digit(hex.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -1;
		bytes[i] = (uint8_t)(16 * hi + lo);
	}
	memcpy(key, bytes, sizeof(bytes));
	return 0;
}

static int
read_number(struct pd_str s, uint64_t max, uint64_t *out)
{
	int64_t n;

	if (pd_str_u63(s, &n) < 0 || (uint64_t)n > max)
		return -1;
	*out = (uint64_t)n;
	return 0;
}

/* "192.0.2.1:51820", "[2001:db8::1]:51820"; a zone ("%eth0") is left out. */
static int
read_endpoint(struct pd_str s, struct pd_addr *out)
{
	const char *colon = s.n > 0 ? memrchr(s.p, ':', s.n) : NULL;
	struct pd_str host, port;
	uint64_t n;

	if (colon == NULL)
		return -1;
	host = pd_str_of(s.p, (size_t)(colon - s.p));
	port = pd_str_of(colon + 1, s.n - host.n - 1);
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = pd_str_of(host.p + 1, host.n - 2);
	host = pd_str_split(&host, '%');
	if (read_number(port, UINT16_MAX, &n) < 0 ||
	    pd_addr_parse(host, out) < 0)
		return -1;
	out->port = (uint16_t)n;
	return 0;
}

static int
read_peer(struct gw_peer *p, struct pd_str name, struct pd_str value)
{
	struct gw_net net;
	uint64_t n = 0;

	if (pd_str_eq(name, PD_STR("preshared_key")))
		return read_key(value, p->preshared);
	if (pd_str_eq(name, PD_STR("endpoint")))
		return read_endpoint(value, &p->endpoint);
	if (pd_str_eq(name, PD_STR("allowed_ip"))) {
		if (gw_net_parse(value, &net) < 0)
			return -1;
		gw_peer_allow(p, &net);
		return 0;
	}
	if (pd_str_eq(name, PD_STR("persistent_keepalive_interval"))) {
		if (read_number(value, UINT16_MAX, &n) < 0)
			return -1;
		p->keepalive = (uint16_t)n;
	} else if (pd_str_eq(name, PD_STR("last_handshake_time_sec"))) {
		if (read_number(value, INT64_MAX, &n) < 0)
			return -1;
		p->handshake = (int64_t)n;
	} else if (pd_str_eq(name, PD_STR("rx_bytes"))) {
		return read_number(value, INT64_MAX, &p->received);
	} else if (pd_str_eq(name, PD_STR("tx_bytes"))) {
		return read_number(value, INT64_MAX, &p->sent);
	}
	return 0; /* Others may come with later versions. */
}

static int
read_line(struct gw_device *d, struct pd_str name, struct pd_str value)
{
	uint8_t key[GW_KEY_LEN];
	uint64_t n = 0;

	if (pd_str_eq(name, PD_STR("public_key"))) {
		if (read_key(value, key) < 0 || gw_device_find(d, key) != NULL)
			return -1;
		memcpy(gw_device_add(d)->key, key, sizeof(key));
		return 0;
	}
	if (d->n > 0)
		return read_peer(&d->v[d->n - 1], name, value);
	if (pd_str_eq(name, PD_STR("private_key")))
		return read_key(value, d->key);
	if (pd_str_eq(name, PD_STR("listen_port"))) {
		if (read_number(value, UINT16_MAX, &n) < 0)
			return -1;
		d->listen = (uint16_t)n;
	} else if (pd_str_eq(name, PD_STR("fwmark"))) {
		if (read_number(value, UINT32_MAX, &n) < 0)
			return -1;
		d->mark = (uint32_t)n;
	}
	return 0;
}

/* "errno=-98": a negative number is what Go has. */
static int
read_errno(struct pd_str value)
{
	uint64_t n;

	if (value.n > 0 && value.p[0] == '-')
		value = pd_str_of(value.p + 1, value.n - 1);
	return read_number(value, 4095, &n) < 0 ? EPROTO : (int)n;
}

int
gw_device_socket_read(struct gw_device *out, struct pd_str text)
{
	int err = -1;

	*out = (struct gw_device){ .set = 0 };
	while (text.n > 0 && err < 0) {
		struct pd_str value = pd_str_split(&text, '\n');
		struct pd_str name = pd_str_split(&value, '=');

		if (name.n == 0 && value.p == NULL)
			break;
		if (pd_str_eq(name, PD_STR("errno")))
			err = read_errno(value);
		else if (read_line(out, name, value) < 0)
			err = EPROTO;
	}
	if (err == 0)
		return 0;
	gw_device_finish(out);
	errno = err < 0 ? EPROTO : err;
	return -1;
}

static void
write_key(FILE *f, const char *name, const uint8_t key[GW_KEY_LEN])
{
	fprintf(f, "%s=", name);
	for (size_t i = 0; i < GW_KEY_LEN; i++)
		fprintf(f, "%02x", key[i]);
	fputc('\n', f);
}

static void
write_peer(FILE *f, const struct gw_peer *p)
{
	char text[PD_ADDR_TEXT], net[GW_NET_TEXT];

	write_key(f, "public_key", p->key);
	if ((p->set & GW_PEER_REMOVE) != 0) {
		fputs("remove=true\n", f);
		return;
	}
	if ((p->set & GW_PEER_PRESHARED) != 0)
		write_key(f, "preshared_key", p->preshared);
	if ((p->set & GW_PEER_ENDPOINT) != 0)
		fprintf(
		    f, "endpoint=%s\n", pd_addr_text_port(&p->endpoint, text));
	if ((p->set & GW_PEER_KEEPALIVE) != 0)
		fprintf(f, "persistent_keepalive_interval=%u\n", p->keepalive);
	if ((p->set & GW_PEER_ALLOWED) == 0)
		return;
	fputs("replace_allowed_ips=true\n", f);
	for (size_t i = 0; i < p->allowed.n; i++)
		fprintf(
		    f, "allowed_ip=%s\n", gw_net_text(&p->allowed.v[i], net));
}

char *
gw_device_socket_text(const struct gw_device *change)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		abort();
	fputs("set=1\n", f);
	if ((change->set & GW_DEVICE_KEY) != 0)
		write_key(f, "private_key", change->key);
	if ((change->set & GW_DEVICE_LISTEN) != 0)
		fprintf(f, "listen_port=%u\n", change->listen);
	if ((change->set & GW_DEVICE_MARK) != 0)
		fprintf(f, "fwmark=%u\n", change->mark);
	for (size_t i = 0; i < change->n; i++)
		write_peer(f, &change->v[i]);
	fputc('\n', f);
	if (fclose(f) != 0)
		abort();
	return text;
}

int
gw_device_socket_get(const char *link, struct gw_device *out)
{
	return ask(link, "get=1\n\n", out);
}

int
gw_device_socket_set(const char *link, const struct gw_device *change)
{
	struct gw_device none;
	char *text = gw_device_socket_text(change);
	int r = ask(link, text, &none), saved = errno;

	if (r == 0)
		gw_device_finish(&none);
	OPENSSL_cleanse(text, strlen(text));
	free(text);
	errno = saved;
	return r;
}
