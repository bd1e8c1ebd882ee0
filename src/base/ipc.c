#include "base/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(PD_IPC_FDS * sizeof(int))];
};

int
pd_ipc_send(int sock, const void *msg, size_t len, const int *fds, size_t nfds)
{
	struct iovec iov = { .iov_base = (void *)msg, .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;
	ssize_t n;

	if (nfds > PD_IPC_FDS) {
		errno = EINVAL;
		return -1;
	}
	if (nfds > 0) {
		struct cmsghdr *cm;

		memset(&control, 0, sizeof(control));
		mh.msg_control = control.space;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(cm), fds, nfds * sizeof(int));
	}
	do
		n = sendmsg(sock, &mh, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if ((size_t)n != len) {
		errno = EMSGSIZE;
		return -1;
	}
	return 0;
}

/* Takes the descriptors out of mh; how many there were. */
static size_t
take_fds(struct msghdr *mh, int fds[PD_IPC_FDS])
{
	size_t got = 0;

	for (struct cmsghdr *cm = CMSG_FIRSTHDR(mh); cm != NULL;
	     cm = CMSG_NXTHDR(mh, cm)) {
		size_t n;

		if (cm->cmsg_level != SOL_SOCKET ||
		    cm->cmsg_type != SCM_RIGHTS || cm->cmsg_len < CMSG_LEN(0))
			continue;
		n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(
			    &fd, CMSG_DATA(cm) + i * sizeof(int), sizeof(fd));
			if (got < PD_IPC_FDS)
				fds[got] = fd;
			else
				close(fd);
			got++;
		}
	}
	return got;
}

int
pd_ipc_recv(int sock, void *msg, size_t len, int fds[PD_IPC_FDS])
{
	struct iovec iov = { .iov_base = msg, .iov_len = len };
	union control control;
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	size_t got;
	ssize_t n;

	for (size_t i = 0; i < PD_IPC_FDS; i++)
		fds[i] = -1;
	do
		n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	got = take_fds(&mh, fds);
	if (n == 0 && got == 0)
		return 0;
	if ((size_t)n == len && got <= PD_IPC_FDS &&
	    (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0)
		return 1;
	for (size_t i = 0; i < PD_IPC_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
	errno = EBADMSG;
	return -1;
}

int
pd_ipc_memory(const char *name, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int saved;

	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)size) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
pd_ipc_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS,
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
}

void *
pd_ipc_map(int fd, size_t size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	off_t end;
	void *p;

	if (seals < 0)
		return NULL;
	if ((seals & F_SEAL_SHRINK) == 0) {
		errno = EPERM;
		return NULL;
	}
	/* Not fstat(): the C library makes it a newfstatat(), which takes
	 * paths and so has no place in a confined program. */
	end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return NULL;
	if (size == 0 || (uint64_t)end < size) {
		errno = EINVAL;
		return NULL;
	}
	/* Private: kernels before 6.7 refuse a shared mapping, even one that
	 * only reads, of what is sealed against writing. */
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}
