/*
 * Messages of the daemon: stderr or ErrorLog, one line each.
 *
 * Not here: the access log (access_log.h).
 * A line: "2026-11-21T10:00:00Z warn [4f2] upstream: example.org: refused".
 * On stderr under systemd (JOURNAL_STREAM set) lines begin with "<4>" instead
 * of a time.
 * Thread: any; a line is written by one write(2).
 */
#ifndef PD_LOG_H
#define PD_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum pd_log_level {
	PD_LOG_ERROR, /* an operator must act */
	PD_LOG_WARN,  /* something was lost */
	PD_LOG_INFO,  /* life of the daemon */
	PD_LOG_DEBUG,
};

/*
 * Opens path for appending (NULL: stderr). Called again it closes the file
 * before: that is how logs are reopened. 0, or -1 with errno and the old file
 * kept.
 */
int pd_log_open(const char *path);
void pd_log_set_level(enum pd_log_level most);
bool pd_log_wanted(enum pd_log_level level);

/* id: the exchange's number, 0 for none. fmt: module first, no trailing stop.
 */
void pd_log_write(enum pd_log_level level, uint64_t id, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define pd_log(level, id, ...)                                    \
	do {                                                      \
		if (pd_log_wanted(level))                         \
			pd_log_write((level), (id), __VA_ARGS__); \
	} while (0)

/* At most PD_LOG_BURST lines a second from one place in the code. */
struct pd_log_limit {
	_Atomic uint64_t second;
	_Atomic uint32_t used, lost;
};
#define PD_LOG_BURST 5
bool pd_log_limit_pass(struct pd_log_limit *l, enum pd_log_level level);

/* For what a peer can cause: rate-limited, the number left out is told. */
#define pd_log_peer(level, id, ...)                               \
	do {                                                      \
		static struct pd_log_limit pd_limit_;             \
		if (pd_log_wanted(level) &&                       \
		    pd_log_limit_pass(&pd_limit_, (level)))       \
			pd_log_write((level), (id), __VA_ARGS__); \
	} while (0)

#endif
