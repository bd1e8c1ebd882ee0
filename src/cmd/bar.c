#include "cmd/bar.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define WIDTH 24
/* Between two pictures. */
#define PICTURE_MS 100
/* Of a name: the line must not be longer than the terminal is wide. */
#define NAME_MAX_SHOWN 40

static bool shown;
static uint64_t shown_ms;

void
pd_bar_clear(void)
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
	pd_bar_clear();
	fprintf(stderr, "[%.*s%.*s] ", n, full, WIDTH - n, empty);
	shown = true;
}

/* Its end, which tells most of a path; controls as '?', so that no name talks
 * to the terminal. */
static void
put_name(struct pd_str name)
{
	size_t i = name.n > NAME_MAX_SHOWN ? name.n - NAME_MAX_SHOWN : 0;

	/* Not within a character of UTF-8. */
	while (i > 0 && i < name.n && ((unsigned char)name.p[i] & 0xc0) == 0x80)
		i++;
	for (; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		putc(c < ' ' || c == 0x7f ? '?' : c, stderr);
	}
}

void
pd_bar(void *arg, size_t i, size_t n, struct pd_str name)
{
	(void)arg;
	if (!isatty(STDERR_FILENO))
		return;
	if (i == n) {
		pd_bar_clear();
		return;
	}
	if (shown && pd_clock_ms(CLOCK_MONOTONIC) - shown_ms < PICTURE_MS)
		return;
	draw(i, n);
	fprintf(stderr, "%zu/%zu ", i, n);
	put_name(name);
	fflush(stderr);
	shown_ms = pd_clock_ms(CLOCK_MONOTONIC);
}

void
pd_bar_bytes(struct pd_str name, size_t done, size_t total)
{
	uint64_t now = pd_clock_ms(CLOCK_MONOTONIC);

	if (!isatty(STDERR_FILENO) || (shown && now - shown_ms < PICTURE_MS))
		return;
	draw(total > 0 ? done : 0, total > 0 ? total : 1);
	fprintf(stderr, "%.1f MB ", (double)done / 1e6);
	put_name(name);
	fflush(stderr);
	shown_ms = now;
}
