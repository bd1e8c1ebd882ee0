#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 2048

static _Atomic int log_fd = STDERR_FILENO;
static _Atomic bool to_file;
static _Atomic int most_level = PD_LOG_INFO;

static const struct {
	const char *name;
	int priority; /* syslog(3)'s, for the journal */
} levels[] = {
	[PD_LOG_ERROR] = { "error", 3 },
	[PD_LOG_WARN] = { "warn", 4 },
	[PD_LOG_INFO] = { "info", 6 },
	[PD_LOG_DEBUG] = { "debug", 7 },
};

int
pd_log_open(const char *path)
{
	int fd = STDERR_FILENO, old = atomic_load(&log_fd);

	if (path != NULL) {
		fd =
		    open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
		if (fd < 0)
			return -1;
	}
	atomic_store(&to_file, path != NULL);
	if (old == STDERR_FILENO) {
		atomic_store(&log_fd, fd);
		return 0;
	}
	/*
	 * A thread may hold the old number and be about to write: the number
	 * stays, also for stderr, what it means is exchanged at once.
	 */
	if (dup3(fd, old, O_CLOEXEC) < 0) {
		int saved = errno;

		if (fd != STDERR_FILENO)
			close(fd);
		errno = saved;
		return -1;
	}
	if (fd != STDERR_FILENO)
		close(fd);
	return 0;
}

void
pd_log_set_level(enum pd_log_level most)
{
	atomic_store_explicit(&most_level, (int)most, memory_order_relaxed);
}

bool
pd_log_wanted(enum pd_log_level level)
{
	return (int)level <=
	       atomic_load_explicit(&most_level, memory_order_relaxed);
}

static size_t
put_prefix(char *line, size_t cap, enum pd_log_level level, uint64_t id)
{
	size_t n;

	if (!atomic_load(&to_file) && getenv("JOURNAL_STREAM") != NULL) {
		n = (size_t)snprintf(line, cap, "<%d>", levels[level].priority);
	} else {
		time_t now = time(NULL);
		struct tm tm;

		n = strftime(
		    line, cap, "%Y-%m-%dT%H:%M:%SZ ", gmtime_r(&now, &tm));
		n += (size_t)snprintf(
		    line + n, cap - n, "%s ", levels[level].name);
	}
	if (id != 0) {
		n += (size_t)snprintf(
		    line + n, cap - n, "[%llx] ", (unsigned long long)id);
	}
	return n;
}

void
pd_log_write(enum pd_log_level level, uint64_t id, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	size_t n = put_prefix(line, sizeof(line), level, id), start = n;
	va_list ap;
	int added;

	va_start(ap, fmt);
	added = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	if (added < 0)
		return;
	n += (size_t)added;
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	/* What a peer sent must not make a second line. */
	for (size_t i = start; i < n; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
	line[n++] = '\n';
	while (write(atomic_load(&log_fd), line, n) < 0 && errno == EINTR)
		;
}

bool
pd_log_limit_pass(struct pd_log_limit *l, enum pd_log_level level)
{
	struct timespec ts;
	uint64_t now, then = atomic_load(&l->second);

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	now = (uint64_t)ts.tv_sec + 1;
	if (then != now &&
	    atomic_compare_exchange_strong(&l->second, &then, now)) {
		uint32_t lost = atomic_exchange(&l->lost, 0);

		atomic_store(&l->used, 0);
		if (lost > 0) {
			pd_log_write(level, 0,
			    "log: %u more lines like the next were left out",
			    lost);
		}
	}
	if (atomic_fetch_add(&l->used, 1) < PD_LOG_BURST)
		return true;
	atomic_fetch_add(&l->lost, 1);
	return false;
}
