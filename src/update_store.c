#include "update_store.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

#define PIECE 65536

int
pd_update_store_open(const char *path)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, dir, keep;

	dir = open(path, flags);
	if (dir < 0 && errno == ENOENT && mkdir(path, 0755) == 0)
		dir = open(path, flags);
	if (dir < 0)
		return -1;
	/* An own descriptor each time: a lock of flock(2) is the
	 * descriptor's, so that two threads exclude each other, too. */
	if (flock(dir, LOCK_EX | LOCK_NB) == 0)
		return dir;
	keep = errno;
	close(dir);
	errno = keep;
	return -1;
}

/* By hand: evbuffer_read() takes 4 KB at a time. */
static ssize_t
read_piece(int fd, struct evbuffer *out)
{
	struct evbuffer_iovec v;
	ssize_t n;

	if (evbuffer_reserve_space(out, PIECE, &v, 1) != 1) {
		errno = ENOMEM;
		return -1;
	}
	n = read(fd, v.iov_base, v.iov_len);
	v.iov_len = n > 0 ? (size_t)n : 0;
	evbuffer_commit_space(out, &v, 1);
	return n;
}

int
pd_update_store_read(
    int dir, const char *name, size_t most, struct evbuffer *out)
{
	/* Not blocking: a FIFO would wait for its writer. */
	int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC), keep;
	struct stat st;
	size_t total = 0;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		goto fail;
	errno = EINVAL;
	if (!S_ISREG(st.st_mode))
		goto fail;
	for (;;) {
		ssize_t n = read_piece(fd, out);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			goto fail;
		if (n == 0)
			break;
		total += (size_t)n;
		errno = EFBIG;
		if (total > most)
			goto fail;
	}
	close(fd);
	return 0;
fail:
	keep = errno;
	close(fd);
	errno = keep;
	return -1;
}

/* What is there gets a second name; where the file system knows no such thing
 * it gets another, and for a moment there is none. */
static int
keep_old(int dir, const char *name, const char *old)
{
	if (unlinkat(dir, old, 0) < 0 && errno != ENOENT)
		return -1;
	if (linkat(dir, name, dir, old, 0) == 0 || errno == ENOENT)
		return 0;
	return renameat(dir, name, dir, old);
}

int
pd_update_store_write(int dir, const char *name, struct pd_str text, bool keep)
{
	char temp[NAME_MAX + 1], old[NAME_MAX + 1];
	int fd, error;

	if ((size_t)snprintf(temp, sizeof(temp), ".%s.tmp", name) >=
		sizeof(temp) ||
	    (size_t)snprintf(old, sizeof(old), "%s.old", name) >= sizeof(old)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* Left by one that was killed; the lock is ours, so nobody's. */
	unlinkat(dir, temp, 0);
	fd = openat(dir, temp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	if (pd_io_write(fd, text.p, text.n) < 0 || fsync(fd) < 0) {
		error = errno;
		close(fd);
		goto fail;
	}
	/* Some file systems tell only here that there was no room. */
	if (close(fd) < 0 || (keep && keep_old(dir, name, old) < 0) ||
	    renameat(dir, temp, dir, name) < 0) {
		error = errno;
		goto fail;
	}
	fsync(dir);
	return 0;
fail:
	unlinkat(dir, temp, 0);
	errno = error;
	return -1;
}
