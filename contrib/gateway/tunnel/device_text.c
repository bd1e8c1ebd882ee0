/* Peers as text, which a step carries from the plan to the machine. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "tunnel/device.h"

static char *
copy(struct pd_str s)
{
	char *z = pd_xalloc(s.n + 1);

	memcpy(z, s.p, s.n);
	return z;
}

static int
read_key(struct pd_str s, uint8_t key[GW_KEY_LEN])
{
	char text[GW_KEY_TEXT];

	if (s.n != GW_KEY_TEXT - 1)
		return -1;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return gw_key_parse(text, key);
}

static int
read_allowed(struct gw_peer *p, struct pd_str list)
{
	struct gw_net net;

	do {
		struct pd_str one = pd_str_split(&list, ',');

		if (gw_net_parse(one, &net) < 0)
			return -1;
		gw_peer_allow(p, &net);
	} while (list.p != NULL);
	return 0;
}

/* "host:51820", "192.0.2.1:51820", "[2001:db8::1]:51820". */
static int
read_endpoint(struct gw_peer *p, struct pd_str s)
{
	const char *colon = s.n > 0 ? memrchr(s.p, ':', s.n) : NULL;
	struct pd_str host;
	int64_t port;
	char *z;

	if (colon == NULL ||
	    pd_str_u63(pd_str_of(colon + 1, (size_t)(s.p + s.n - colon) - 1),
		&port) < 0 ||
	    port < 1 || port > UINT16_MAX)
		return -1;
	host = pd_str_of(s.p, (size_t)(colon - s.p));
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = pd_str_of(host.p + 1, host.n - 2);
	else if (memchr(host.p, ':', host.n) != NULL)
		return -1;
	z = copy(host);
	if (pd_addr_parse(host, &p->endpoint) == 0) {
		free(z);
	} else if (gw_is_host(z)) {
		free(p->host);
		p->host = z;
	} else {
		free(z);
		return -1;
	}
	p->endpoint.port = (uint16_t)port;
	return 0;
}

/* Words after "peer KEY", in pairs. */
static int
read_word(struct gw_peer *p, struct pd_str word, struct pd_str *rest)
{
	struct pd_str value;
	int64_t number;

	if (rest->p == NULL)
		return -1;
	if (pd_str_eq(word, PD_STR("psk-file"))) {
		free(p->preshared_file);
		p->preshared_file = copy(*rest);
		*rest = pd_str_of(NULL, 0);
		return p->preshared_file[0] == '/' ? 0 : -1;
	}
	value = pd_str_split(rest, ' ');
	if (pd_str_eq(word, PD_STR("name"))) {
		free(p->name);
		p->name = copy(value);
		return gw_is_name(p->name, GW_TITLE_MAX) ? 0 : -1;
	}
	if (pd_str_eq(word, PD_STR("allowed")))
		return read_allowed(p, value);
	if (pd_str_eq(word, PD_STR("endpoint")))
		return read_endpoint(p, value);
	if (pd_str_eq(word, PD_STR("psk")))
		return read_key(value, p->preshared);
	if (!pd_str_eq(word, PD_STR("keepalive")) ||
	    pd_str_u63(value, &number) < 0 || number > UINT16_MAX)
		return -1;
	p->keepalive = (uint16_t)number;
	return 0;
}

static int
read_line(struct gw_device *d, struct pd_str line)
{
	uint8_t key[GW_KEY_LEN];
	struct gw_peer *p;

	if (memchr(line.p, '\0', line.n) != NULL ||
	    !pd_str_eq(pd_str_split(&line, ' '), PD_STR("peer")) ||
	    line.p == NULL || read_key(pd_str_split(&line, ' '), key) < 0 ||
	    gw_device_find(d, key) != NULL)
		return -1;
	p = gw_device_add(d);
	memcpy(p->key, key, sizeof(key));
	while (line.p != NULL) {
		struct pd_str word = pd_str_split(&line, ' ');

		if (read_word(p, word, &line) < 0)
			return -1;
	}
	return 0;
}

int
gw_device_read(struct gw_device *d, const char *text, unsigned *line)
{
	struct pd_str rest = pd_str_z(text);

	*line = 0;
	while (rest.n > 0) {
		struct pd_str one = pd_str_split(&rest, '\n');

		++*line;
		if (read_line(d, one) < 0)
			return -1;
	}
	return 0;
}

static void
write_endpoint(const struct gw_peer *p, FILE *out)
{
	char text[PD_ADDR_TEXT];

	if (p->host != NULL)
		fprintf(out, " endpoint %s:%u", p->host, p->endpoint.port);
	else if (p->endpoint.family != 0)
		fprintf(
		    out, " endpoint %s", pd_addr_text_port(&p->endpoint, text));
}

void
gw_peer_write(const struct gw_peer *p, FILE *out)
{
	char key[GW_KEY_TEXT], net[GW_NET_TEXT];

	fprintf(out, "peer %s", gw_key_text(p->key, key));
	if (p->name != NULL)
		fprintf(out, " name %s", p->name);
	for (size_t i = 0; i < p->allowed.n; i++)
		fprintf(out, "%s%s", i == 0 ? " allowed " : ",",
		    gw_net_text(&p->allowed.v[i], net));
	write_endpoint(p, out);
	if (p->keepalive > 0)
		fprintf(out, " keepalive %u", p->keepalive);
	if (!gw_key_is_zero(p->preshared))
		fprintf(out, " psk %s", gw_key_text(p->preshared, key));
	if (p->preshared_file != NULL)
		fprintf(out, " psk-file %s", p->preshared_file);
	fputc('\n', out);
}
