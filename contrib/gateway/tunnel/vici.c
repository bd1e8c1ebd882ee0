#include "tunnel/vici.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"

/* Types of packets. */
enum {
	CMD_REQUEST,
	CMD_RESPONSE,
	CMD_UNKNOWN,
	EVENT_REGISTER,
	EVENT_UNREGISTER,
	EVENT_CONFIRM,
	EVENT_UNKNOWN,
	EVENT,
};

#define ANSWER_TIMEOUT_S 10
#define RETRY_MS         50

/* ---- messages ---- */

/* What follows, of n bytes. Empty with p NULL: it is not there. */
static struct pd_str
take(struct pd_str *rest, size_t n)
{
	struct pd_str s = { NULL, 0 };

	if (rest->n < n)
		return s;
	s = pd_str_of(rest->p, n);
	*rest = pd_str_of(rest->p + n, rest->n - n);
	return s;
}

/* A length of `bytes` bytes, and as many bytes as it says. */
static int
take_counted(struct pd_str *rest, size_t bytes, struct pd_str *out)
{
	struct pd_str len = take(rest, bytes);
	size_t n = 0;

	if (len.p == NULL)
		return -1;
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | (unsigned char)len.p[i];
	*out = take(rest, n);
	return out->p != NULL ? 0 : -1;
}

static int
take_item(struct pd_str *rest, struct gw_vici_item *i)
{
	i->type = (enum gw_vici_type) * rest->p;
	i->name = i->value = pd_str_of("", 0);
	(void)take(rest, 1);
	switch (i->type) {
	case GW_VICI_SECTION:
	case GW_VICI_LIST:
		return take_counted(rest, 1, &i->name);
	case GW_VICI_VALUE:
		if (take_counted(rest, 1, &i->name) < 0)
			return -1;
		return take_counted(rest, 2, &i->value);
	case GW_VICI_ITEM:
		return take_counted(rest, 2, &i->value);
	case GW_VICI_SECTION_END:
	case GW_VICI_LIST_END:
		return 0;
	}
	return -1;
}

int
gw_vici_parse(struct pd_str message,
    int (*item)(void *arg, const struct gw_vici_item *item), void *arg)
{
	struct pd_str rest = message;
	struct gw_vici_item i;
	unsigned depth = 0;
	bool list = false;

	while (rest.n > 0) {
		if (take_item(&rest, &i) < 0)
			return -1;
		/* In a list there is nothing but its items. */
		if (list !=
		    (i.type == GW_VICI_ITEM || i.type == GW_VICI_LIST_END))
			return -1;
		if (i.type == GW_VICI_SECTION_END && depth-- == 0)
			return -1;
		i.depth = depth;
		if (item(arg, &i) != 0)
			return -1;
		if (i.type == GW_VICI_SECTION && ++depth > GW_VICI_DEPTH_MAX)
			return -1;
		if (i.type == GW_VICI_LIST || i.type == GW_VICI_LIST_END)
			list = i.type == GW_VICI_LIST;
	}
	return depth == 0 && !list ? 0 : -1;
}

/* ---- the socket ---- */

static int
connect_once(const char *path)
{
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, saved;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(
		fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0 &&
	    setsockopt(
		fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) == 0 &&
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
gw_vici_open(const char *path, int wait_ms)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000000L };
	int fd;

	for (;;) {
		fd = connect_once(path);
		if (fd >= 0 || wait_ms <= 0 ||
		    (errno != ENOENT && errno != ECONNREFUSED))
			return fd;
		nanosleep(&pause, NULL);
		wait_ms -= RETRY_MS;
	}
}

static int
read_all(int fd, void *p, size_t n)
{
	char *at = p;
	ssize_t got;

	while (n > 0) {
		got = recv(fd, at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			if (got == 0)
				errno = EPROTO;
			return -1;
		}
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

static int
write_all(int fd, const void *p, size_t n)
{
	const char *at = p;
	ssize_t sent;

	while (n > 0) {
		sent = send(fd, at, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -1;
		at += sent;
		n -= (size_t)sent;
	}
	return 0;
}

/* Lengths have one byte or two; no text of ours has more than 255 bytes. */
static size_t
put_counted(unsigned char *out, size_t bytes, const char *text)
{
	size_t n = strlen(text);

	if (bytes == 2)
		*out++ = 0;
	*out++ = (unsigned char)n;
	memcpy(out, text, n);
	return bytes + n;
}

/* call: its arguments; NULL: no message follows the name. */
static int
send_packet(int fd, int type, const char *name, const struct gw_vici_call *call)
{
	unsigned char packet[4096];
	uint32_t len;
	size_t n = sizeof(len);

	assert(strlen(name) <= 255);
	packet[n++] = (unsigned char)type;
	n += put_counted(packet + n, 1, name);
	for (size_t i = 0;
	     call != NULL && i < GW_VICI_ARGS_MAX && call->args[i].name != NULL;
	     i++) {
		assert(strlen(call->args[i].name) <= 255 &&
		       strlen(call->args[i].value) <= 255);
		packet[n++] = GW_VICI_VALUE;
		n += put_counted(packet + n, 1, call->args[i].name);
		n += put_counted(packet + n, 2, call->args[i].value);
	}
	len = htonl((uint32_t)(n - sizeof(len)));
	memcpy(packet, &len, sizeof(len));
	return write_all(fd, packet, n);
}

/* The next packet's type, or -1; *packet is freed and anew, *message in it. */
static int
receive(int fd, char **packet, struct pd_str *message)
{
	struct pd_str rest, name;
	uint32_t len;
	int type;

	if (read_all(fd, &len, sizeof(len)) < 0)
		return -1;
	len = ntohl(len);
	if (len == 0 || len > GW_VICI_MESSAGE_MAX) {
		errno = EPROTO;
		return -1;
	}
	*packet = pd_xrealloc(*packet, len);
	if (read_all(fd, *packet, len) < 0)
		return -1;
	type = (unsigned char)**packet;
	rest = pd_str_of(*packet + 1, len - 1);
	if (type == EVENT && take_counted(&rest, 1, &name) < 0) {
		errno = EPROTO;
		return -1;
	}
	*message = rest;
	return type;
}

static int
expect(int fd, int wanted, char **packet)
{
	struct pd_str message;
	int type = receive(fd, packet, &message);

	if (type < 0)
		return -1;
	if (type == wanted)
		return 0;
	errno = type == EVENT_UNKNOWN ? ENOSYS : EPROTO;
	return -1;
}

/* Events until the answer, which is a message, too. */
static int
answer(int fd, const struct gw_vici_call *call, char **packet)
{
	struct pd_str message;
	int type;

	do {
		type = receive(fd, packet, &message);
		if (type < 0)
			return -1;
		if (type != EVENT && type != CMD_RESPONSE) {
			errno = type == CMD_UNKNOWN ? ENOSYS : EPROTO;
			return -1;
		}
		if (call->message != NULL &&
		    call->message(call->arg, message, type == EVENT) != 0) {
			errno = ECANCELED;
			return -1;
		}
	} while (type == EVENT);
	return 0;
}

int
gw_vici_call(int fd, const struct gw_vici_call *c)
{
	char *packet = NULL;
	int rc = 0;

	if (c->event != NULL)
		rc = send_packet(fd, EVENT_REGISTER, c->event, NULL) < 0
			 ? -1
			 : expect(fd, EVENT_CONFIRM, &packet);
	if (rc == 0)
		rc = send_packet(fd, CMD_REQUEST, c->command, c);
	if (rc == 0)
		rc = answer(fd, c, &packet);
	if (rc == 0 && c->event != NULL)
		rc = send_packet(fd, EVENT_UNREGISTER, c->event, NULL) < 0
			 ? -1
			 : expect(fd, EVENT_CONFIRM, &packet);
	free(packet);
	return rc;
}
