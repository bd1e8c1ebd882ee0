#include "netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"

#define ROOM 4096 /* bytes of a request */
/* Of a dump that changes tear. A machine with all of the internet's routes is
 * never quiet. */
#define TRIES 20

/* The kernel's words of the last failure, "" when it gave a number alone. */
static char reason[160];

/* An answer being read. */
struct answer {
	uint32_t seq;
	bool done, torn;
	int error;   /* 0 or -errno */
	char *bytes; /* messages, one behind the other, if they are wanted */
	size_t n, room;
	bool wanted;
};

struct nl_msg *
gw_nl_request(int type, int flags, const void *header, size_t len)
{
	struct nl_msg *m = nlmsg_alloc_size(ROOM);

	if (m == NULL ||
	    nlmsg_put(m, NL_AUTO_PORT, NL_AUTO_SEQ, type, 0,
		flags | NLM_F_REQUEST) == NULL ||
	    nlmsg_append(m, (void *)(uintptr_t)header, len, NLMSG_ALIGNTO) < 0)
		abort();
	return m;
}

void
gw_nl_put_addr(struct nl_msg *m, int attr, const struct pd_addr *a)
{
	nla_put(m, attr, a->family == AF_INET ? 4 : 16, a->ip);
}

static int
on_seq(struct nl_msg *m, void *arg)
{
	const struct answer *a = arg;

	return nlmsg_hdr(m)->nlmsg_seq == a->seq ? NL_OK : NL_SKIP;
}

static int
on_message(struct nl_msg *m, void *arg)
{
	const struct nlmsghdr *h = nlmsg_hdr(m);
	struct answer *a = arg;

	if (!a->wanted)
		return NL_OK;
	if (a->room - a->n < NLMSG_ALIGN(h->nlmsg_len)) {
		a->room = 2 * (a->room + NLMSG_ALIGN(h->nlmsg_len));
		a->bytes = pd_xrealloc(a->bytes, a->room);
	}
	memcpy(a->bytes + a->n, h, h->nlmsg_len);
	a->n += NLMSG_ALIGN(h->nlmsg_len);
	return NL_OK;
}

static int
on_torn(struct nl_msg *m, void *arg)
{
	struct answer *a = arg;

	(void)m;
	a->torn = true;
	return NL_OK;
}

static int
on_ack(struct nl_msg *m, void *arg)
{
	struct answer *a = arg;

	(void)m;
	a->done = true;
	return NL_STOP;
}

/* The end of a dump bears an int: 0, or why it ended early. */
static int
on_end(struct nl_msg *m, void *arg)
{
	struct answer *a = arg;

	if (nlmsg_datalen(nlmsg_hdr(m)) >= (int)sizeof(int))
		memcpy(&a->error, nlmsg_data(nlmsg_hdr(m)), sizeof(int));
	a->done = true;
	return NL_STOP;
}

/*
 * Behind the error stands our own message, and behind that the kernel's words
 * (NETLINK_EXT_ACK).
 */
static void
read_reason(const struct nlmsghdr *h, const struct nlmsgerr *e)
{
	size_t skip = sizeof(*e);
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];

	if ((h->nlmsg_flags & NLM_F_ACK_TLVS) == 0)
		return;
	if ((h->nlmsg_flags & NLM_F_CAPPED) == 0)
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	gw_nl_attrs(h, skip, tb, NLMSGERR_ATTR_MAX);
	if (tb[NLMSGERR_ATTR_MSG] != NULL)
		nla_strlcpy(reason, tb[NLMSGERR_ATTR_MSG], sizeof(reason));
}

static int
on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct answer *a = arg;
	const struct nlmsghdr *h =
	    (const void *)((const char *)e - NLMSG_HDRLEN);

	(void)from;
	if (h->nlmsg_seq != a->seq)
		return NL_SKIP;
	a->done = true;
	a->error = e->error;
	read_reason(h, e);
	return NL_STOP;
}

static int
read_answer(struct nl_sock *sock, struct answer *a)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int err = 0;

	if (cb == NULL)
		abort();
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_seq, a);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_message, a);
	nl_cb_set(cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_torn, a);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, a);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_end, a);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, a);
	while (!a->done && err >= 0)
		err = nl_recvmsgs(sock, cb);
	nl_cb_put(cb);
	return a->done ? a->error : -EIO;
}

/*
 * The socket is others' as well: libnl's caches send dumps with a header of one
 * byte, which a socket that checks strictly refuses.
 */
static void
set_option(struct nl_sock *sock, int option, int value)
{
	(void)setsockopt(
	    nl_socket_get_fd(sock), SOL_NETLINK, option, &value, sizeof(value));
}

static int
ask(struct nl_sock *sock, struct nl_msg *m, struct answer *a)
{
	int err;

	reason[0] = '\0';
	if (sock == NULL)
		return -EIO;
	set_option(sock, NETLINK_EXT_ACK, 1);
	set_option(sock, NETLINK_GET_STRICT_CHK, a->wanted);
	nlmsg_hdr(m)->nlmsg_seq = NL_AUTO_SEQ;
	if (nl_send_auto(sock, m) < 0) {
		err = -EIO;
	} else {
		a->seq = nlmsg_hdr(m)->nlmsg_seq;
		err = read_answer(sock, a);
	}
	set_option(sock, NETLINK_GET_STRICT_CHK, 0);
	return err;
}

int
gw_nl_talk(struct gw_system *sys, struct nl_msg *m)
{
	struct answer a = { 0 };
	int err = ask(gw_system_route(sys), m, &a);

	nlmsg_free(m);
	return err;
}

const char *
gw_nl_why(int err)
{
	return reason[0] != '\0' ? reason : strerror(-err);
}

int
gw_nl_dump(struct gw_system *sys, struct nl_msg *m, gw_nl_each *each, void *arg)
{
	return gw_nl_dump_on(sys, gw_system_route(sys), m, each, arg);
}

int
gw_nl_dump_on(struct gw_system *sys, struct nl_sock *sock, struct nl_msg *m,
    gw_nl_each *each, void *arg)
{
	struct answer a = { .torn = true };
	int err = 0;

	for (int i = 0; i < TRIES && a.torn && err == 0; i++) {
		free(a.bytes);
		a = (struct answer){ .wanted = true };
		err = ask(sock, m, &a);
	}
	if (err == 0 && a.torn)
		err = -EAGAIN;
	nlmsg_free(m);
	for (size_t i = 0; i < a.n && err == 0;) {
		const struct nlmsghdr *h = (const void *)(a.bytes + i);

		err = each(sys, h, arg);
		i += NLMSG_ALIGN(h->nlmsg_len);
	}
	free(a.bytes);
	return err;
}

void
gw_nl_attrs(const struct nlmsghdr *h, size_t len, struct nlattr **tb, int max)
{
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(len);

	memset(tb, 0, ((size_t)max + 1) * sizeof(*tb));
	if (h->nlmsg_len > skip)
		nla_parse(tb, max, (struct nlattr *)((uintptr_t)h + skip),
		    (int)(h->nlmsg_len - skip), NULL);
}

uint32_t
gw_nl_u32(const struct nlattr *a)
{
	return a != NULL && nla_len(a) >= 4 ? nla_get_u32(a) : 0;
}

uint8_t
gw_nl_u8(const struct nlattr *a)
{
	return a != NULL && nla_len(a) >= 1 ? nla_get_u8(a) : 0;
}

struct pd_addr
gw_nl_addr(const struct nlattr *a, int family)
{
	struct pd_addr out = { 0 };
	int n = family == AF_INET ? 4 : 16;

	if (a == NULL || nla_len(a) < n)
		return out;
	out.family = (uint16_t)family;
	memcpy(out.ip, nla_data(a), (size_t)n);
	return out;
}

int
gw_step_family(const struct gw_step *s, const char *word)
{
	const char *family = gw_step_get(s, "family");

	if (family != NULL)
		return strchr(family, '6') != NULL ? AF_INET6 : AF_INET;
	return strchr(gw_step_need(s, word), ':') != NULL ? AF_INET6 : AF_INET;
}

uint32_t
gw_step_table(const struct gw_step *s)
{
	const char *word = gw_step_get(s, "table");

	if (word == NULL || strcmp(word, "main") == 0)
		return RT_TABLE_MAIN;
	if (strcmp(word, "local") == 0)
		return RT_TABLE_LOCAL;
	if (strcmp(word, "default") == 0)
		return RT_TABLE_DEFAULT;
	return gw_step_number(s, "table", RT_TABLE_MAIN);
}

int
gw_step_net(struct gw_system *sys, const struct gw_step *s, const char *name,
    struct gw_net *out)
{
	const char *word = gw_step_need(s, name);

	if (gw_net_parse(pd_str_z(word), out) == 0)
		return 0;
	return gw_fail(
	    sys, "%s %s: '%s' is no address", s->kind->name, name, word);
}

int
gw_nl_sweep(struct gw_system *sys, int type, void *head, size_t len,
    gw_nl_each *one, FILE *out)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct gw_sweep w = { .out = out };

	for (size_t i = 0; i < 2; i++) {
		int err;

		*(uint8_t *)head = families[i];
		err = gw_nl_dump(
		    sys, gw_nl_request(type, NLM_F_DUMP, head, len), one, &w);
		/* A kernel may be without IPv6, or policy routing. */
		if (err < 0 && err != -EAFNOSUPPORT && err != -EOPNOTSUPP)
			return gw_fail(sys, "netlink: %s", gw_nl_why(err));
	}
	return w.failed;
}
