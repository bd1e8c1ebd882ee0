/*
 * The access log: one line an exchange, in Ziproxy's format, JSON, Squid's or
 * the Common Log Format.
 *
 * A worker gathers lines in memory and writes them by one write(2) when 32 KiB
 * are there, every second, and at its end, so that lines never mix.
 * Thread: the file is shared and opened by main; a writer belongs to a worker.
 */
#ifndef PD_ACCESS_LOG_H
#define PD_ACCESS_LOG_H

#include "base/addr.h"
#include "base/conf.h"

/* Ziproxy's letters, in the order in which it prints them. */
enum pd_access_flag {
	PD_ACCESS_TRANSPARENT = 1 << 0,   /* T instead of P */
	PD_ACCESS_CONNECT = 1 << 1,       /* S */
	PD_ACCESS_TIMEOUT = 1 << 2,       /* Z */
	PD_ACCESS_BROKEN = 1 << 3,        /* B: cut short by a side */
	PD_ACCESS_TOO_BIG = 1 << 4,       /* W: over MaxSize, streamed */
	PD_ACCESS_NOT_PROCESSED = 1 << 5, /* N */
	PD_ACCESS_REPLACED = 1 << 6,      /* R */
	PD_ACCESS_IMAGE_BOMB = 1 << 7,    /* K */
	PD_ACCESS_GZIP_BOMB = 1 << 8,     /* G */
};

struct pd_access_record {
	int64_t start_us; /* CLOCK_REALTIME */
	int64_t took_ms;
	struct pd_addr client;
	struct pd_str user; /* who logged in; empty: none */
	/* What the configuration calls the client; empty: nothing. Where there
	 * is no place of its own for it, it stands for the user. */
	struct pd_str device;
	unsigned flags;    /* enum pd_access_flag */
	int64_t bytes_in;  /* content received from upstream */
	int64_t bytes_out; /* content sent to the client */
	struct pd_str method, url;
	int status;               /* 0: none was sent */
	struct pd_str type;       /* media type sent */
	const char *verdict;      /* "pass", "block", "probe", "portal", ... */
	struct pd_str list, rule; /* which rule decided; empty: none */
	/* As the lists were asked, for `pared lists test`; may be empty. */
	struct pd_str types; /* "script", "script|other" */
	struct pd_str page;  /* host of the page that asked; "*": of another
				site, not known */
	const char *filters; /* "decode,image" or NULL */
	const char *error;   /* why it failed, or NULL */
};

struct pd_access_log;        /* the file, counted */
struct pd_access_log_writer; /* one worker's gathering */

/* path: a file, or "-" for stdout. NULL with errno. */
struct pd_access_log *
pd_access_log_open(const char *path, enum pd_conf_log_format format);
struct pd_access_log *pd_access_log_ref(struct pd_access_log *l);
void pd_access_log_unref(struct pd_access_log *l);

/* Takes a reference of its own. Aborts when there is no memory. */
struct pd_access_log_writer *
pd_access_log_writer_create(struct pd_access_log *l);
/* Writes what is left. NULL is fine. */
void pd_access_log_writer_destroy(struct pd_access_log_writer *w);
void pd_access_log_add(
    struct pd_access_log_writer *w, const struct pd_access_record *r);
void pd_access_log_flush(struct pd_access_log_writer *w);

#endif
