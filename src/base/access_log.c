#include "base/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"

#define GATHER_LEN (32 * 1024)

/*
 * What one text of a record may take at most. A request line is shorter than
 * this by default (MaxRequestLine), but each byte may come to six as JSON.
 */
#define URL_MAX  (16 * 1024)
#define TEXT_MAX 1024

struct pd_access_log {
	_Atomic unsigned refs;
	int fd;
	enum pd_conf_log_format format;
};

struct pd_access_log_writer {
	struct pd_access_log *log;
	size_t n, cap;
	char *buf;
};

struct pd_access_log *
pd_access_log_open(const char *path, enum pd_conf_log_format format)
{
	struct pd_access_log *l;
	int fd;

	if (strcmp(path, "-") == 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd =
		    open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return NULL;
	l = pd_xalloc(sizeof(*l));
	atomic_init(&l->refs, 1);
	l->fd = fd;
	l->format = format;
	return l;
}

struct pd_access_log *
pd_access_log_ref(struct pd_access_log *l)
{
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
	return l;
}

void
pd_access_log_unref(struct pd_access_log *l)
{
	if (l == NULL ||
	    atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
		return;
	close(l->fd);
	free(l);
}

struct pd_access_log_writer *
pd_access_log_writer_create(struct pd_access_log *l)
{
	struct pd_access_log_writer *w = pd_xalloc(sizeof(*w));

	w->log = pd_access_log_ref(l);
	return w;
}

void
pd_access_log_writer_destroy(struct pd_access_log_writer *w)
{
	if (w == NULL)
		return;
	pd_access_log_flush(w);
	pd_access_log_unref(w->log);
	free(w->buf);
	free(w);
}

void
pd_access_log_flush(struct pd_access_log_writer *w)
{
	size_t at = 0;

	while (at < w->n) {
		ssize_t n = write(w->log->fd, w->buf + at, w->n - at);

		if (n < 0 && errno == EINTR)
			continue;
		/* A full disk loses lines; it must not stop the proxy. */
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	w->n = 0;
}

static void
put(struct pd_access_log_writer *w, const char *p, size_t n)
{
	if (w->cap - w->n < n) {
		w->cap = w->cap < GATHER_LEN ? 2 * GATHER_LEN : 2 * w->cap;
		while (w->cap - w->n < n)
			w->cap *= 2;
		w->buf = pd_xrealloc(w->buf, w->cap);
	}
	if (n > 0)
		memcpy(w->buf + w->n, p, n);
	w->n += n;
}

static void
put_z(struct pd_access_log_writer *w, const char *z)
{
	put(w, z, strlen(z));
}

static void __attribute__((format(printf, 2, 3)))
put_f(struct pd_access_log_writer *w, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		put(w, text,
		    (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/*
 * A word of a line: one that holds a space, a control or a byte that is not
 * ASCII would read as two words, or worse, and is written as in a URL. An
 * empty one becomes what stands for it.
 */
static void
put_word(struct pd_access_log_writer *w, struct pd_str s, size_t most,
    const char *empty, const char *also)
{
	if (s.n == 0)
		put_z(w, empty);
	for (size_t i = 0; i < s.n && i < most; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c >= 0x7f || strchr(also, c) != NULL)
			put_f(w, "%%%02X", c);
		else
			put(w, s.p + i, 1);
	}
}

static struct pd_str
who(const struct pd_access_record *r)
{
	return r->user.n > 0 ? r->user : r->device;
}

static size_t
flag_letters(unsigned flags, char letters[12])
{
	static const struct {
		unsigned flag;
		char letter;
	} order[] = {
		{ PD_ACCESS_CONNECT, 'S' },
		{ PD_ACCESS_BROKEN, 'B' },
		{ PD_ACCESS_IMAGE_BOMB, 'K' },
		{ PD_ACCESS_GZIP_BOMB, 'G' },
		{ PD_ACCESS_TIMEOUT, 'Z' },
		{ PD_ACCESS_NOT_PROCESSED, 'N' },
		{ PD_ACCESS_TOO_BIG, 'W' },
		{ PD_ACCESS_REPLACED, 'R' },
	};
	size_t n = 0;

	letters[n++] = flags & PD_ACCESS_TRANSPARENT ? 'T' : 'P';
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (flags & order[i].flag)
			letters[n++] = order[i].letter;
	}
	letters[n] = '\0';
	return n;
}

/*
 * "%ld.%03ld %6ld %15s %2s %6lld %6lld %s %s\n"; the time is that of the end,
 * "?" stands for what is not known, and a user and address are cut at 254
 * bytes, all as Ziproxy has it.
 */
static void
add_ziproxy(struct pd_access_log_writer *w, const struct pd_access_record *r)
{
	int64_t end_ms = r->start_us / 1000 + r->took_ms;
	char ip[PD_ADDR_TEXT], letters[12];
	size_t begin, n;

	put_f(w, "%" PRId64 ".%03d %6" PRId64 " ", end_ms / 1000,
	    (int)(end_ms % 1000), r->took_ms);
	begin = w->n;
	if (who(r).n > 0) {
		put_word(w, who(r), 200, "", "@");
		put_z(w, "@");
	}
	put_z(w, r->client.family != 0 ? pd_addr_text(&r->client, ip) : "?");
	/* %15s: filled up from the left. */
	n = w->n - begin;
	if (n < 15) {
		put(w, "               ", 15 - n);
		memmove(w->buf + w->n - n, w->buf + begin, n);
		memset(w->buf + begin, ' ', 15 - n);
	}
	flag_letters(r->flags, letters);
	put_f(w, " %2s %6" PRId64 " %6" PRId64 " ", letters, r->bytes_in,
	    r->bytes_out);
	put_word(w, r->method, TEXT_MAX, "?", "");
	put_z(w, " ");
	put_word(w, r->url, URL_MAX, "?", "");
	put_z(w, "\n");
}

/* Squid's native format; the host of the hierarchy is not known here. */
static void
add_squid(struct pd_access_log_writer *w, const struct pd_access_record *r)
{
	int64_t end_ms = r->start_us / 1000 + r->took_ms;
	char ip[PD_ADDR_TEXT];
	const char *result = "TCP_MISS";

	if (r->flags & PD_ACCESS_REPLACED)
		result = "TCP_DENIED";
	else if ((r->flags & PD_ACCESS_CONNECT) && r->status == 200)
		result = "TCP_TUNNEL";
	else if (r->verdict != NULL && strcmp(r->verdict, "pass") != 0 &&
		 strcmp(r->verdict, "probe") != 0)
		result = "NONE";
	put_f(w, "%" PRId64 ".%03d %6" PRId64 " %s %s%s/%03d %" PRId64 " ",
	    end_ms / 1000, (int)(end_ms % 1000), r->took_ms,
	    r->client.family != 0 ? pd_addr_text(&r->client, ip) : "-", result,
	    r->flags & PD_ACCESS_BROKEN    ? "_ABORTED"
	    : r->flags & PD_ACCESS_TIMEOUT ? "_TIMEDOUT"
					   : "",
	    r->status, r->bytes_out);
	put_word(w, r->method, TEXT_MAX, "-", "");
	put_z(w, " ");
	put_word(w, r->url, URL_MAX, "-", "");
	put_z(w, " ");
	put_word(w, who(r), TEXT_MAX, "-", "");
	put_f(w, " %s/- ",
	    r->bytes_in > 0 || strcmp(result, "TCP_MISS") == 0 ||
		    strcmp(result, "TCP_TUNNEL") == 0
		? "HIER_DIRECT"
		: "HIER_NONE");
	put_word(w, r->type, TEXT_MAX, "-", "");
	put_z(w, "\n");
}

static void
add_clf(struct pd_access_log_writer *w, const struct pd_access_record *r)
{
	time_t when = (time_t)(r->start_us / 1000000);
	char ip[PD_ADDR_TEXT], date[64];
	struct tm tm;

	/* Month names by no locale: the program never sets one. */
	gmtime_r(&when, &tm);
	strftime(date, sizeof(date), "%d/%b/%Y:%H:%M:%S +0000", &tm);
	put_f(w, "%s - ",
	    r->client.family != 0 ? pd_addr_text(&r->client, ip) : "-");
	put_word(w, who(r), TEXT_MAX, "-", "\"");
	put_f(w, " [%s] \"", date);
	put_word(w, r->method, TEXT_MAX, "-", "\"\\");
	put_z(w, " ");
	put_word(w, r->url, URL_MAX, "-", "\"\\");
	put_f(w, " HTTP/1.1\" %03d %" PRId64 "\n", r->status, r->bytes_out);
}

static void
put_json(struct pd_access_log_writer *w, struct pd_str s, size_t most)
{
	char piece[PD_JSON_PIECE];

	s.n = s.n < most ? s.n : most;
	put_z(w, "\"");
	for (size_t i = 0; i < s.n;) {
		size_t n = pd_json_next(s, &i, piece);

		put(w, piece, n);
	}
	put_z(w, "\"");
}

static void
put_json_member(struct pd_access_log_writer *w, const char *name,
    struct pd_str s, size_t most)
{
	if (s.n == 0)
		return;
	put_f(w, ",\"%s\":", name);
	put_json(w, s, most);
}

static void
add_json(struct pd_access_log_writer *w, const struct pd_access_record *r)
{
	char ip[PD_ADDR_TEXT], letters[12];

	flag_letters(r->flags, letters);
	put_f(w,
	    "{\"time\":%" PRId64 ".%03d,\"ms\":%" PRId64 ",\"client\":\"%s\"",
	    r->start_us / 1000000, (int)(r->start_us / 1000 % 1000), r->took_ms,
	    r->client.family != 0 ? pd_addr_text(&r->client, ip) : "");
	put_json_member(w, "user", r->user, TEXT_MAX);
	put_json_member(w, "device", r->device, TEXT_MAX);
	put_f(w, ",\"flags\":\"%s\",\"in\":%" PRId64 ",\"out\":%" PRId64,
	    letters, r->bytes_in, r->bytes_out);
	put_json_member(w, "method", r->method, TEXT_MAX);
	put_json_member(w, "url", r->url, URL_MAX);
	put_f(w, ",\"status\":%d", r->status);
	put_json_member(w, "type", r->type, TEXT_MAX);
	put_json_member(w, "verdict", pd_str_z(r->verdict), TEXT_MAX);
	put_json_member(w, "list", r->list, TEXT_MAX);
	put_json_member(w, "rule", r->rule, TEXT_MAX);
	put_json_member(w, "for", r->types, TEXT_MAX);
	put_json_member(w, "page", r->page, TEXT_MAX);
	put_json_member(w, "filters", pd_str_z(r->filters), TEXT_MAX);
	put_json_member(w, "error", pd_str_z(r->error), TEXT_MAX);
	put_z(w, "}\n");
}

void
pd_access_log_add(
    struct pd_access_log_writer *w, const struct pd_access_record *r)
{
	switch (w->log->format) {
	case PD_LOG_FORMAT_ZIPROXY:
		add_ziproxy(w, r);
		break;
	case PD_LOG_FORMAT_SQUID:
		add_squid(w, r);
		break;
	case PD_LOG_FORMAT_CLF:
		add_clf(w, r);
		break;
	case PD_LOG_FORMAT_AUTO:
	case PD_LOG_FORMAT_JSON:
		add_json(w, r);
		break;
	}
	if (w->n >= GATHER_LEN)
		pd_access_log_flush(w);
}
