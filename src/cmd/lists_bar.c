/*
 * The progress bar of the commands on lists: one line of stderr, and only where
 * that is a terminal.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/lists.h"

#define WIDTH 24
/* Between two pictures of what comes by the network. */
#define PICTURE_MS 100

static bool shown;
static uint64_t shown_ms;

void
pd_lists_bar_clear(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}

/* The bar alone, in place of what is there. */
static void
draw(size_t done, size_t total)
{
	static const char full[] = "########################";
	static const char empty[] = "........................";
	int n = WIDTH;

	_Static_assert(sizeof(full) - 1 == WIDTH, "as wide as the bar");
	if (done < total)
		n = (int)(done * WIDTH / total);
	pd_lists_bar_clear();
	fprintf(stderr, "[%.*s%.*s] ", n, full, WIDTH - n, empty);
	shown = true;
}

void
pd_lists_bar(void *arg, size_t i, size_t n, struct pd_str name)
{
	(void)arg;
	if (!isatty(STDERR_FILENO))
		return;
	if (i == n) {
		pd_lists_bar_clear();
		return;
	}
	draw(i, n);
	fprintf(stderr, "%zu/%zu %.*s", i, n, PD_STR_ARG(name));
	fflush(stderr);
}

void
pd_lists_bar_bytes(struct pd_str name, size_t done, size_t total)
{
	uint64_t now = pd_clock_ms(CLOCK_MONOTONIC);

	if (!isatty(STDERR_FILENO) || (shown && now - shown_ms < PICTURE_MS))
		return;
	draw(total > 0 ? done : 0, total > 0 ? total : 1);
	fprintf(stderr, "%.1f MB %.*s", (double)done / 1e6, PD_STR_ARG(name));
	fflush(stderr);
	shown_ms = now;
}
