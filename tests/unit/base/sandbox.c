#include "base/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ipc.h"
#include "filters/image/job.h"
#include "tests/support/rogue_codec.h"

#define MEMORY ((size_t)256 << 20)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static int socks[2];

/* What a confined child does: its exit status, or 128 + the signal. */
static int
confined(bool nobody, int (*deed)(void))
{
	int status, files;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, socks), 0);
	pid = fork();
	if (pid == 0) {
		if (nobody && geteuid() == 0 &&
		    (setgroups(0, NULL) != 0 || setgid(65534) != 0 ||
			setuid(65534) != 0))
			_exit(98);
		dup2(socks[0], 3);
		files = open("/", O_RDONLY | O_DIRECTORY);
		if (files < 0 || pd_sandbox_codec(MEMORY, 2) != 0)
			_exit(99);
		_exit(deed());
	}
	close(socks[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(socks[1]);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int
do_work(void)
{
	char *p = malloc(10 << 20), msg[4] = "abc";

	if (p == NULL)
		return 1;
	memset(p, 1, 10 << 20);
	p = realloc(p, 20 << 20);
	free(p);
	return pd_ipc_send(3, msg, 4, NULL, 0) != 0;
}

static int
open_file(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 ? 0 : 1;
}

static int
open_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 1;
}

static int
start_process(void)
{
	return fork() >= 0 ? 0 : 1;
}

static int
run_program(void)
{
	char *argv[] = { "true", NULL };

	return execv("/bin/true", argv);
}

static int
map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED
		   ? 0
		   : 1;
}

static int
make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int
kill_parent(void)
{
	return kill(getppid(), 0);
}

static int
kill_anybody(void)
{
	return kill(1, 0);
}

static int
trace(void)
{
	return (int)syscall(SYS_ptrace, 0, 0, 0, 0);
}

static int
talk_elsewhere(void)
{
	char msg[4] = "abc";

	return pd_ipc_send(4, msg, 4, NULL, 0);
}

static int
use_directory(void)
{
	return openat(4, "etc", O_RDONLY);
}

static int
take_too_much(void)
{
	return malloc(MEMORY * 2) == NULL ? 0 : 1;
}

static int
compute(void)
{
	for (volatile uint64_t i = 0;; i++)
		continue;
	return 0;
}

static void
work_goes_on(void **state)
{
	(void)state;
	assert_int_equal(confined(false, do_work), 0);
	assert_int_equal(confined(true, do_work), 0);
}

static void
everything_else_kills(void **state)
{
	int (*const deeds[])(void) = { open_file, open_socket, start_process,
		run_program, map_code, make_code, kill_parent, kill_anybody,
		trace, talk_elsewhere, use_directory };

	(void)state;
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		print_message("deed %zu\n", i);
		assert_int_equal(confined(false, deeds[i]), 128 + SIGSYS);
		assert_int_equal(confined(true, deeds[i]), 128 + SIGSYS);
	}
}

/* A codec that has been taken over: how it ends after a job of that width. */
static int
rogue_ends(unsigned width)
{
	char *argv[] = { (char *)PD_TEST_ROGUE_CODEC, (char *)"268435456",
		NULL };
	struct pd_job_ask ask = { .magic = PD_JOB_ASK, .width = width };
	struct pd_job_answer answer;
	int status, fds[PD_IPC_FDS];
	pid_t pid;

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), 0);
	pid = fork();
	if (pid == 0) {
		/* A copy of another number has no CLOEXEC. */
		dup2(dup2(socks[0], 9), 3);
		execv(argv[0], argv);
		_exit(98);
	}
	close(socks[0]);
	assert_int_equal(pd_ipc_send(socks[1], &ask, sizeof(ask), NULL, 0), 0);
	if (pd_ipc_recv(socks[1], &answer, sizeof(answer), fds) == 1)
		assert_int_equal(answer.status, PD_JOB_LARGER);
	close(socks[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static void
a_rogue_codec_dies(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROGUE_DEEDS; i++) {
		print_message("deed %u\n", i);
		assert_int_equal(rogue_ends(ROGUE_WIDTH + i), 128 + SIGSYS);
	}
	assert_int_equal(access(ROGUE_FILE, F_OK), -1);
	/* One that does nothing of the kind lives. */
	assert_int_equal(rogue_ends(ROGUE_WIDTH - 1), 0);
}

static void
memory_is_limited(void **state)
{
	(void)state;
	if (SANITIZED)
		skip();
	assert_int_equal(confined(false, take_too_much), 0);
}

static void
cpu_is_limited(void **state)
{
	int how;

	(void)state;
	how = confined(false, compute);
	assert_true(how == 128 + SIGKILL || how == 128 + SIGXCPU);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_goes_on),
		cmocka_unit_test(everything_else_kills),
		cmocka_unit_test(a_rogue_codec_dies),
		cmocka_unit_test(memory_is_limited),
		cmocka_unit_test(cpu_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
