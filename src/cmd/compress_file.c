#include "cmd/compress.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/ipc.h"

#define COPY_BYTES (64 << 10)

int
pd_compress_open(const struct pd_compress_file *f)
{
	/* It was a file when it was found; a pipe that took its place must not
	 * hold us, a link not lead us elsewhere. */
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
		    (f->named ? 0 : O_NOFOLLOW);
	int fd = open(f->path, flags);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

int
pd_compress_load(int fd, size_t size)
{
	int memory = pd_ipc_memory("pared-image", size);
	size_t at = 0;
	uint8_t *p;
	ssize_t n = 0;

	if (memory < 0)
		return -1;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (p == MAP_FAILED) {
		close(memory);
		return -1;
	}
	while (at < size && (n = pread(fd, p + at, size - at, (off_t)at)) > 0)
		at += (size_t)n;
	munmap(p, size);
	if (at == size)
		return memory;
	/* Cut short meanwhile, unless it tells another reason. */
	if (n == 0)
		errno = EIO;
	close(memory);
	return -1;
}

static int
copy(int from, int to)
{
	static char buf[COPY_BYTES];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, buf, sizeof(buf), at)) > 0) {
		if (pd_io_write(to, buf, (size_t)n) != 0)
			return -1;
		at += n;
	}
	return n < 0 ? -1 : 0;
}

static int
place(const struct pd_compress_file *f, const char *out, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s", out, f->name);

	if (n > 0 && n < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

int
pd_compress_make(const struct pd_compress_file *f, const char *out)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	if (place(f, out, path) != 0)
		return -1;
	if (f->kind == PD_COMPRESS_FOLDER)
		/* What is to be put into it must be possible. */
		return mkdir(path, f->mode | 0700) == 0 || errno == EEXIST ? 0
									   : -1;
	n = readlink(f->path, target, sizeof(target) - 1);
	if (n < 0)
		return -1;
	target[n] = '\0';
	if (symlink(target, path) == 0)
		return 0;
	return errno == EEXIST && unlink(path) == 0 ? symlink(target, path)
						    : -1;
}

int
pd_compress_put(const struct pd_compress_file *f, const char *out,
    const uint8_t *p, size_t n, int fd)
{
	char path[PATH_MAX], beside[PATH_MAX];
	int to, len, rc, saved;

	if (place(f, out, path) != 0)
		return -1;
	len = snprintf(beside, sizeof(beside), "%.*s/.pared-XXXXXX",
	    (int)(strrchr(path, '/') - path), path);
	if (len < 0 || (size_t)len >= sizeof(beside)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	to = mkostemp(beside, O_CLOEXEC);
	if (to < 0)
		return -1;
	rc = p != NULL ? pd_io_write(to, p, n) : copy(fd, to);
	if (rc == 0)
		rc = fchmod(to, f->mode);
	if (close(to) != 0)
		rc = -1;
	if (rc == 0)
		rc = rename(beside, path);
	if (rc != 0) {
		saved = errno;
		unlink(beside);
		errno = saved;
	}
	return rc;
}
