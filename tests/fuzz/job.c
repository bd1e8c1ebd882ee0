/*
 * The message between pared and its codec, from either side: what passes the
 * checks must keep what the code behind them relies on. The first bytes are a
 * question, the next an answer, the rest the result.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ipc.h"
#include "filters/image/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check(bool ok)
{
	if (!ok)
		abort();
}

/* Over a socket, whole or not: only the exact length arrives. */
static void
send_and_receive(const uint8_t *p, size_t n)
{
	static int socks[2] = { -1, -1 };
	struct pd_job_ask ask;
	int fds[PD_IPC_FDS], got;

	if (socks[0] < 0)
		check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
			  socks) == 0);
	if (n == 0 || pd_ipc_send(socks[0], p, n, NULL, 0) != 0)
		return;
	got = pd_ipc_recv(socks[1], &ask, sizeof(ask), fds);
	check(fds[0] == -1 && fds[1] == -1);
	check(n == sizeof(ask) ? got == 1 : got == -1);
	if (got == 1)
		check(memcmp(&ask, p, n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pd_job_ask ask;
	struct pd_job_answer answer;

	send_and_receive(p, n < 4096 ? n : 4096);
	if (n < sizeof(ask) + sizeof(answer))
		return 0;
	memcpy(&ask, p, sizeof(ask));
	memcpy(&answer, p + sizeof(ask), sizeof(answer));
	p += sizeof(ask) + sizeof(answer);
	n -= sizeof(ask) + sizeof(answer);
	if (pd_job_ask_ok(&ask)) {
		check(ask.set.out_max < ask.in_len && ask.set.out_max > 0);
		check(ask.set.to_width <= ask.width);
		check(ask.width > 0 && ask.width <= PD_JOB_SIDE_MAX);
		if (pd_job_answer_ok(&ask, &answer))
			check(answer.out_len <= ask.set.out_max);
	}
	check(pd_job_status_name(answer.status) != NULL);
	pd_job_result_ok(&answer, p, n);
	return 0;
}
