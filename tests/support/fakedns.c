#include "tests/support/fakedns.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASKED_MAX 4096

struct message {
	uint8_t v[4096];
	size_t n;
};

struct asked {
	char name[256];
	int type;
};

/* An answer on its way: at once, or after a delay. */
struct answer {
	LIST_ENTRY(answer) link;
	struct fakedns *f;
	struct event *ev;
	int tcp; /* -1: UDP */
	struct sockaddr_in to;
	struct message m;
};

struct peer {
	LIST_ENTRY(peer) link;
	struct fakedns *f;
	struct event *ev;
	int fd;
	struct message m;
};

struct fakedns {
	struct event_base *base;
	const struct fakedns_rule *rules;
	int udp, tcp;
	uint16_t port;
	struct event *udp_ev, *tcp_ev;
	LIST_HEAD(, answer) answers;
	LIST_HEAD(, peer) peers;
	struct asked *asked;
	size_t nasked;
};

static void
put(struct message *m, const void *p, size_t n)
{
	assert(sizeof(m->v) - m->n >= n);
	memcpy(m->v + m->n, p, n);
	m->n += n;
}

static void
put_u16(struct message *m, unsigned v)
{
	uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(m, b, 2);
}

static void
put_name(struct message *m, const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");
		uint8_t len = (uint8_t)n;

		put(m, &len, 1);
		put(m, name, n);
		name += n + (name[n] == '.');
	}
	put(m, "", 1);
}

static void
put_record(struct message *m, const char *name, unsigned type, const char *text)
{
	size_t at;
	uint8_t ip[16];

	put_name(m, name);
	put_u16(m, type);
	put_u16(m, 1);
	put(m, "\0\0\0\x3c", 4);
	at = m->n;
	put_u16(m, 0);
	if (type == 5) {
		put_name(m, text);
	} else {
		int ok = inet_pton(type == 1 ? AF_INET : AF_INET6, text, ip);

		assert(ok == 1);
		put(m, ip, type == 1 ? 4 : 16);
	}
	m->v[at] = (uint8_t)((m->n - at - 2) >> 8);
	m->v[at + 1] = (uint8_t)(m->n - at - 2);
}

static const struct fakedns_rule *
find(struct fakedns *f, const char *name, int type, enum fakedns_act act)
{
	for (const struct fakedns_rule *r = f->rules; r->name != NULL; r++) {
		if (r->act == act && strcasecmp(r->name, name) == 0 &&
		    (r->type == 0 || r->type == type))
			return r;
	}
	return NULL;
}

static bool
known(struct fakedns *f, const char *name)
{
	for (const struct fakedns_rule *r = f->rules; r->name != NULL; r++) {
		if (strcasecmp(r->name, name) == 0)
			return true;
	}
	return false;
}

/* Records of name and type behind m; aliases are followed. */
static unsigned
put_records(struct fakedns *f, struct message *m, const char *name, int type)
{
	const struct fakedns_rule *alias;
	unsigned n = 0;

	for (int hop = 0; hop < 40; hop++) {
		alias = find(f, name, type, FAKEDNS_CNAME);
		if (alias == NULL)
			break;
		put_record(m, name, 5, alias->text);
		name = alias->text;
		n++;
	}
	for (const struct fakedns_rule *r = f->rules; r->name != NULL; r++) {
		if (strcasecmp(r->name, name) != 0 ||
		    r->act != (type == 1 ? FAKEDNS_A : FAKEDNS_AAAA))
			continue;
		put_record(m, name, (unsigned)type, r->text);
		n++;
	}
	return n;
}

static void
set_u16(struct message *m, size_t at, unsigned v)
{
	m->v[at] = (uint8_t)(v >> 8);
	m->v[at + 1] = (uint8_t)v;
}

static void
build(struct fakedns *f, const struct message *q, size_t question_end,
    const char *name, int type, bool tcp, struct message *m)
{
	const struct fakedns_rule *r;

	m->n = 0;
	put(m, q->v, 2);
	put_u16(m, 0x8180);
	put(m, "\0\1\0\0\0\0\0\0", 8);
	put(m, q->v + 12, question_end - 12);
	r = find(f, name, type, FAKEDNS_RCODE);
	if (r != NULL) {
		set_u16(m, 2, 0x8180 | (unsigned)r->number);
	} else if (find(f, name, type, FAKEDNS_GARBAGE) != NULL) {
		for (size_t i = 2; i < 100; i++)
			m->v[i] = (uint8_t)(i * 151 + 7);
		m->n = 100;
	} else if (find(f, name, type, FAKEDNS_EVIL) != NULL) {
		put_record(m, "other.example", (unsigned)type,
		    type == 1 ? "127.0.0.1" : "::1");
		set_u16(m, 6, 1);
	} else if (!known(f, name)) {
		set_u16(m, 2, 0x8183);
	} else if (!tcp && find(f, name, type, FAKEDNS_TRUNCATE) != NULL) {
		set_u16(m, 2, 0x8380);
	} else {
		set_u16(m, 6, put_records(f, m, name, type));
	}
}

static void
answer_free(struct answer *a)
{
	LIST_REMOVE(a, link);
	event_free(a->ev);
	free(a);
}

static void
on_send(evutil_socket_t fd, short what, void *arg)
{
	struct answer *a = arg;
	uint8_t len[2] = { (uint8_t)(a->m.n >> 8), (uint8_t)a->m.n };

	(void)fd;
	(void)what;
	if (a->tcp >= 0) {
		if (write(a->tcp, len, 2) != 2 ||
		    write(a->tcp, a->m.v, a->m.n) != (ssize_t)a->m.n)
			perror("fakedns: write");
	} else {
		sendto(a->f->udp, a->m.v, a->m.n, 0, (struct sockaddr *)&a->to,
		    sizeof(a->to));
	}
	answer_free(a);
}

/* One question, from either transport. */
static void
serve(struct fakedns *f, const struct message *q, int tcp,
    const struct sockaddr_in *to)
{
	const struct fakedns_rule *delay;
	struct timeval tv = { 0, 0 };
	struct answer *a;
	char name[256] = "";
	size_t at = 12, n = 0;
	int type;

	while (at < q->n && q->v[at] != 0) {
		size_t len = q->v[at];

		if (len > 63 || at + 1 + len >= q->n || n + len + 2 > 255)
			return;
		n += (size_t)snprintf(name + n, sizeof(name) - n, "%s%.*s",
		    n > 0 ? "." : "", (int)len, (const char *)q->v + at + 1);
		at += len + 1;
	}
	if (at + 5 > q->n)
		return;
	type = q->v[at + 1] << 8 | q->v[at + 2];
	if (f->nasked < ASKED_MAX) {
		strcpy(f->asked[f->nasked].name, name);
		f->asked[f->nasked++].type = type;
	}
	if (find(f, name, type, FAKEDNS_SILENT) != NULL)
		return;
	a = calloc(1, sizeof(*a));
	a->f = f;
	a->tcp = tcp;
	if (to != NULL)
		a->to = *to;
	build(f, q, at + 5, name, type, tcp >= 0, &a->m);
	LIST_INSERT_HEAD(&f->answers, a, link);
	a->ev = event_new(f->base, -1, 0, on_send, a);
	delay = find(f, name, type, FAKEDNS_DELAY);
	if (delay == NULL) {
		on_send(-1, 0, a);
		return;
	}
	tv.tv_usec = delay->number * 1000;
	event_add(a->ev, &tv);
}

static void
on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct fakedns *f = arg;
	struct message m;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(
	    fd, m.v, sizeof(m.v), MSG_DONTWAIT, (struct sockaddr *)&from, &len);

	(void)what;
	if (n < 12)
		return;
	m.n = (size_t)n;
	serve(f, &m, -1, &from);
}

static void
peer_free(struct peer *p)
{
	LIST_REMOVE(p, link);
	event_free(p->ev);
	close(p->fd);
	free(p);
}

static void
on_tcp(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;
	ssize_t n = read(fd, p->m.v + p->m.n, sizeof(p->m.v) - p->m.n);

	(void)what;
	if (n <= 0) {
		peer_free(p);
		return;
	}
	p->m.n += (size_t)n;
	while (p->m.n > 2) {
		size_t len = (size_t)p->m.v[0] << 8 | p->m.v[1];
		struct message q;

		if (p->m.n < len + 2)
			break;
		memcpy(q.v, p->m.v + 2, len);
		q.n = len;
		memmove(p->m.v, p->m.v + len + 2, p->m.n - len - 2);
		p->m.n -= len + 2;
		serve(p->f, &q, p->fd, NULL);
	}
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct fakedns *f = arg;
	struct peer *p = calloc(1, sizeof(*p));

	(void)what;
	p->f = f;
	p->fd = accept(fd, NULL, NULL);
	p->ev = event_new(f->base, p->fd, EV_READ | EV_PERSIST, on_tcp, p);
	event_add(p->ev, NULL);
	LIST_INSERT_HEAD(&f->peers, p, link);
}

/* The same free port for both transports. */
static void
bind_both(struct fakedns *f)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);

	for (int try = 0; try < 20; try++) {
		f->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		f->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		sin.sin_port = 0;
		if (bind(f->udp, (struct sockaddr *)&sin, len) == 0 &&
		    getsockname(f->udp, (struct sockaddr *)&sin, &len) == 0 &&
		    bind(f->tcp, (struct sockaddr *)&sin, len) == 0 &&
		    listen(f->tcp, 8) == 0) {
			f->port = ntohs(sin.sin_port);
			return;
		}
		close(f->udp);
		close(f->tcp);
	}
	perror("fakedns: bind");
	abort();
}

struct fakedns *
fakedns_create(struct event_base *base, const struct fakedns_rule *rules)
{
	struct fakedns *f = calloc(1, sizeof(*f));

	f->base = base;
	f->rules = rules;
	f->asked = calloc(ASKED_MAX, sizeof(*f->asked));
	LIST_INIT(&f->answers);
	LIST_INIT(&f->peers);
	bind_both(f);
	f->udp_ev = event_new(base, f->udp, EV_READ | EV_PERSIST, on_udp, f);
	f->tcp_ev = event_new(base, f->tcp, EV_READ | EV_PERSIST, on_accept, f);
	event_add(f->udp_ev, NULL);
	event_add(f->tcp_ev, NULL);
	return f;
}

void
fakedns_destroy(struct fakedns *f)
{
	while (!LIST_EMPTY(&f->answers))
		answer_free(LIST_FIRST(&f->answers));
	while (!LIST_EMPTY(&f->peers))
		peer_free(LIST_FIRST(&f->peers));
	event_free(f->udp_ev);
	event_free(f->tcp_ev);
	close(f->udp);
	close(f->tcp);
	free(f->asked);
	free(f);
}

uint16_t
fakedns_port(const struct fakedns *f)
{
	return f->port;
}

unsigned
fakedns_asked(const struct fakedns *f, const char *name, int type)
{
	unsigned n = 0;

	for (size_t i = 0; i < f->nasked; i++) {
		if ((name == NULL || strcasecmp(f->asked[i].name, name) == 0) &&
		    (type == 0 || f->asked[i].type == type))
			n++;
	}
	return n;
}
