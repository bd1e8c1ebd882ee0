/*
 * A pared-codec that has been taken over: confined as the real one is, it does
 * at its first job what an intruder would. Which deed is told by the picture's
 * width, so that a page can ask for each; other widths do no harm. One
 * that is still alive after its deed exits with ROGUE_SURVIVED.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ipc.h"
#include "base/sandbox.h"
#include "filters/image/job.h"
#include "tests/support/rogue_codec.h"

#define SOCKET_FD 3

static void
read_file(void)
{
	open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static void
write_file(void)
{
	open(ROGUE_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static void
remove_file(void)
{
	unlink(ROGUE_FILE);
}

static void
open_socket(void)
{
	socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void
open_unix_socket(void)
{
	socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* The one socket that it has leads to pared, and nowhere else. */
static void
connect_elsewhere(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX,
		.sun_path = "/run/dbus/system_bus_socket" };

	connect(SOCKET_FD, (struct sockaddr *)&to, sizeof(to));
}

static void
start_process(void)
{
	fork();
}

static void
run_program(void)
{
	char *argv[] = { "touch", ROGUE_FILE, NULL };

	execv("/usr/bin/touch", argv);
}

static void
map_code(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void
kill_parent(void)
{
	kill(getppid(), SIGTERM);
}

static void
trace_parent(void)
{
	ptrace(PTRACE_ATTACH, 1, NULL, NULL);
}

static void
loosen_itself(void)
{
	prctl(PR_SET_DUMPABLE, 1);
}

static void (*const deeds[ROGUE_DEEDS])(void) = { read_file, write_file,
	remove_file, open_socket, open_unix_socket, connect_elsewhere,
	start_process, run_program, map_code, make_code, kill_parent,
	trace_parent, loosen_itself };

int
main(int argc, char **argv)
{
	unsigned long memory = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	struct pd_job_answer nothing = { .magic = PD_JOB_ANSWER,
		.status = PD_JOB_LARGER };
	struct pd_job_ask ask;
	int fds[PD_IPC_FDS], got;

	if (pd_sandbox_codec(memory, 900) != 0)
		return 1;
	while ((got = pd_ipc_recv(SOCKET_FD, &ask, sizeof(ask), fds)) == 1) {
		if (ask.width >= ROGUE_WIDTH &&
		    ask.width < ROGUE_WIDTH + ROGUE_DEEDS) {
			deeds[ask.width - ROGUE_WIDTH]();
			_exit(ROGUE_SURVIVED);
		}
		for (size_t i = 0; i < PD_IPC_FDS; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		pd_ipc_send(SOCKET_FD, &nothing, sizeof(nothing), NULL, 0);
	}
	_exit(got == 0 ? 0 : 1);
}
