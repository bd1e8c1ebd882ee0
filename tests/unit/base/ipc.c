#include "base/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int socks[2];

static int
open_socks(void **state)
{
	(void)state;
	return socketpair(
	    AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, socks);
}

static int
close_socks(void **state)
{
	(void)state;
	close(socks[0]);
	close(socks[1]);
	return 0;
}

/* The lowest free descriptor: tells whether any was left open. */
static int
next_fd(void)
{
	int fd = dup(socks[0]);

	close(fd);
	return fd;
}

static void
a_message_and_two_descriptors(void **state)
{
	const char msg[8] = "1234567";
	char got[8];
	int fds[PD_IPC_FDS] = { pd_ipc_memory("a", 10),
		pd_ipc_memory("b", 20) };
	int in[PD_IPC_FDS];

	(void)state;
	assert_int_equal(pd_ipc_send(socks[0], msg, 8, fds, 2), 0);
	assert_int_equal(pd_ipc_recv(socks[1], got, 8, in), 1);
	assert_memory_equal(got, msg, 8);
	assert_int_equal(lseek(in[0], 0, SEEK_END), 10);
	assert_int_equal(lseek(in[1], 0, SEEK_END), 20);
	assert_true(fcntl(in[0], F_GETFD) & FD_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		close(in[i]);
	}
	assert_int_equal(pd_ipc_send(socks[0], msg, 8, NULL, 0), 0);
	assert_int_equal(pd_ipc_recv(socks[1], got, 8, in), 1);
	assert_int_equal(in[0], -1);
	assert_int_equal(in[1], -1);
}

static void
wrong_lengths_are_refused(void **state)
{
	char got[8];
	int in[PD_IPC_FDS], fd = pd_ipc_memory("a", 10), before;

	(void)state;
	before = next_fd();
	for (size_t len = 1; len <= 16; len++) {
		if (len == 8)
			continue;
		assert_int_equal(
		    pd_ipc_send(socks[0], "0123456789abcdef", len, &fd, 1), 0);
		errno = 0;
		assert_int_equal(pd_ipc_recv(socks[1], got, 8, in), -1);
		assert_int_equal(errno, EBADMSG);
		assert_int_equal(in[0], -1);
		assert_int_equal(next_fd(), before);
	}
	close(fd);
}

/* By hand, as pd_ipc_send() would refuse to. */
static void
too_many_descriptors_are_refused(void **state)
{
	char msg[8] = { 0 }, got[8];
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(3 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = msg, .iov_len = 8 };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&mh);
	int three[3] = { socks[0], socks[0], socks[0] };
	int in[PD_IPC_FDS], before = next_fd();

	(void)state;
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(three));
	memcpy(CMSG_DATA(cm), three, sizeof(three));
	assert_int_equal(sendmsg(socks[0], &mh, 0), 8);
	assert_int_equal(pd_ipc_recv(socks[1], got, 8, in), -1);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(next_fd(), before);
	assert_int_equal(pd_ipc_send(socks[0], msg, 8, three, 3), -1);
	assert_int_equal(errno, EINVAL);
}

static void
nothing_and_the_end(void **state)
{
	char got[8];
	int in[PD_IPC_FDS];

	(void)state;
	assert_int_equal(pd_ipc_recv(socks[1], got, 8, in), -1);
	assert_int_equal(errno, EAGAIN);
	shutdown(socks[0], SHUT_RDWR);
	assert_int_equal(pd_ipc_recv(socks[1], got, 8, in), 0);
	assert_int_equal(pd_ipc_send(socks[0], got, 8, NULL, 0), -1);
	assert_int_equal(errno, EPIPE);
}

static void
memory_keeps_its_size(void **state)
{
	int fd = pd_ipc_memory("a", 100);

	(void)state;
	assert_int_equal(ftruncate(fd, 50), -1);
	assert_int_equal(ftruncate(fd, 200), -1);
	assert_int_equal(pwrite(fd, "hello", 5, 0), 5);
	assert_int_not_equal(pwrite(fd, "hello", 5, 98), 5);
	close(fd);
}

static void
sealed_memory_does_not_change(void **state)
{
	int fd = pd_ipc_memory("a", 4096);
	char *p;

	(void)state;
	assert_int_equal(pwrite(fd, "hello", 5, 0), 5);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	/* Somebody could still write. */
	assert_int_equal(pd_ipc_seal(fd), -1);
	munmap(p, 4096);
	assert_int_equal(pd_ipc_seal(fd), 0);
	assert_int_equal(pwrite(fd, "HELLO", 5, 0), -1);
	p = pd_ipc_map(fd, 4096);
	assert_non_null(p);
	assert_memory_equal(p, "hello", 5);
	munmap(p, 4096);
	close(fd);
}

static void
only_whole_sealed_memory_is_mapped(void **state)
{
	int fd = memfd_create("bare", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)state;
	assert_int_equal(ftruncate(fd, 100), 0);
	/* It might shrink under the mapping: SIGBUS. */
	assert_null(pd_ipc_map(fd, 100));
	close(fd);
	fd = pd_ipc_memory("a", 100);
	assert_null(pd_ipc_map(fd, 101));
	assert_null(pd_ipc_map(fd, 0));
	assert_null(pd_ipc_map(socks[0], 1));
	assert_null(pd_ipc_map(-1, 1));
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_message_and_two_descriptors, open_socks, close_socks),
		cmocka_unit_test_setup_teardown(
		    wrong_lengths_are_refused, open_socks, close_socks),
		cmocka_unit_test_setup_teardown(
		    too_many_descriptors_are_refused, open_socks, close_socks),
		cmocka_unit_test_setup_teardown(
		    nothing_and_the_end, open_socks, close_socks),
		cmocka_unit_test(memory_keeps_its_size),
		cmocka_unit_test(sealed_memory_does_not_change),
		cmocka_unit_test_setup_teardown(
		    only_whole_sealed_memory_is_mapped, open_socks,
		    close_socks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
