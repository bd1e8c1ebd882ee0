/*
 * pared-codec: makes images smaller for pared, one at a time, where a fault in
 * a decoder can do no harm.
 *
 *     pared-codec MEMORY_BYTES        with a socket as descriptor 3
 *
 * It ends when the socket does, and at any message it does not understand:
 * pared takes the original then and starts another.
 */
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ipc.h"
#include "base/sandbox.h"
#include "filters/image/codec/codec.h"
#include "filters/image/codec/colour.h"

/* CPU seconds of one process, some thousand images; then another takes its
 * place. A single image has the parent's deadline. */
#define CPU_MAX_S 900
#define SOCKET_FD 3

/* Images must not keep a request waiting for the CPU they share; with more
 * than this they starve beside anything else that takes all of it. */
#define NICENESS 10

#define KEEP_BYTES   (32 << 20)
#define IDLE_MS      500
#define MEMORY_LEAST (32u << 20)
#define MEMORY_USUAL (256u << 20)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
/* A report must not open /proc or start a symbolizer in here. The name is the
 * sanitizer's. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "symbolize=0:detect_leaks=0:print_module_map=0";
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */
#endif

static uint32_t
cpu_us(void)
{
	return (uint32_t)(pd_clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1000);
}

static int
write_all(int fd, const uint8_t *p, size_t n)
{
	size_t at = 0;

	while (at < n) {
		ssize_t w = pwrite(fd, p + at, n - at, (off_t)at);

		if (w <= 0)
			return -1;
		at += (size_t)w;
	}
	return 0;
}

/* One job; 0, or -1 when pared and this program disagree about the protocol. */
static int
answer_ask(const struct pd_job_ask *ask, const int fds[PD_IPC_FDS])
{
	struct pd_codec_out out;
	struct pd_job_answer answer;
	uint32_t before = cpu_us();
	uint8_t *in;

	if (!pd_job_ask_ok(ask) || fds[PD_JOB_FD_OUT] < 0)
		return -1;
	in = pd_ipc_map(fds[PD_JOB_FD_IN], ask->in_len);
	if (in == NULL)
		return -1;
	pd_codec_out_init(&out, ask->set.out_max);
	pd_codec_run(ask, in, &out, &answer);
	munmap(in, ask->in_len);
	if (answer.status == PD_JOB_DONE &&
	    write_all(fds[PD_JOB_FD_OUT], out.p, out.n) != 0) {
		answer = (struct pd_job_answer){
			.magic = PD_JOB_ANSWER,
			.status = PD_JOB_LARGER,
		};
	}
	pd_codec_out_finish(&out);
	answer.cpu_us = cpu_us() - before;
	return pd_ipc_send(SOCKET_FD, &answer, sizeof(answer), NULL, 0);
}

/*
 * Memory is kept from one picture to the next: to have it from the kernel anew
 * costs a tenth of a JPEG's time. A moment without work gives it back.
 */
static void
keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
	mallopt(M_TRIM_THRESHOLD, 2 * KEEP_BYTES);
}

static void
wait_and_trim(void)
{
	struct pollfd p = { .fd = SOCKET_FD, .events = POLLIN };

	if (poll(&p, 1, IDLE_MS) == 0)
		malloc_trim(0);
}

static int
serve(void)
{
	struct pd_job_ask ask;
	int fds[PD_IPC_FDS];
	bool trimmed = true;

	for (;;) {
		int got, rc;

		if (!trimmed)
			wait_and_trim();
		got = pd_ipc_recv(SOCKET_FD, &ask, sizeof(ask), fds);
		if (got <= 0)
			return got == 0 ? 0 : 1;
		rc = answer_ask(&ask, fds);
		for (size_t i = 0; i < PD_IPC_FDS; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		if (rc != 0)
			return 1;
		trimmed = false;
	}
}

int
main(int argc, char **argv)
{
	unsigned long memory =
	    argc > 1 ? strtoul(argv[1], NULL, 10) : MEMORY_USUAL;

	if (memory < MEMORY_LEAST) {
		fprintf(stderr, "pared-codec: started by pared, not by hand\n");
		return 2;
	}
	/* Less priority is always granted. */
	setpriority(PRIO_PROCESS, 0, NICENESS);
	pd_colour_init();
	keep_memory();
	if (pd_sandbox_codec(memory, CPU_MAX_S) != 0) {
		perror("pared-codec: confinement");
		return 1;
	}
	/* Not exit(): nothing is to be written, and little is allowed. */
	_exit(serve());
}
