/* QR codes as they are shown, read back into modules. (That a camera reads
 * them is tried in the lab, by zbarimg.) */
#include "onboard/onboard.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <qrencode.h>

#define QUIET 4
#define SIZE  200

static bool shown[SIZE][SIZE];

static char *
show(int (*how)(const char *text, FILE *out), const char *text)
{
	char *out;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	assert_int_equal(how(text, f), 0);
	fclose(f);
	return out;
}

/* What was shown is what libqrencode makes, with four light modules around. */
static void
compare(const char *text, int width, int height)
{
	QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

	assert_non_null(qr);
	assert_int_equal(width, qr->width + 2 * QUIET);
	assert_int_equal(gw_qr_columns(text), width);
	assert_in_range(height, width, width + 1);
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			int a = x - QUIET, b = y - QUIET;
			bool dark = a >= 0 && b >= 0 && a < qr->width &&
				    b < qr->width &&
				    (qr->data[b * qr->width + a] & 1) != 0;

			assert_int_equal(shown[y][x], dark);
		}
	}
	QRcode_free(qr);
}

/* One line of half blocks to two rows; returns its width. */
static int
read_line(const char *p, int y)
{
	static const char *const blocks[] = { " ", "▄", "▀", "█" };
	int x = 0;

	assert_memory_equal(p, "\033[38;5;16;48;5;231m", 20 - 1);
	p += 19;
	while (strncmp(p, "\033[0m\n", 5) != 0) {
		int i = 3;

		while (i > 0 && strncmp(p, blocks[i], strlen(blocks[i])) != 0)
			i--;
		assert_int_equal(strncmp(p, blocks[i], strlen(blocks[i])), 0);
		p += strlen(blocks[i]);
		assert_true(x < SIZE);
		shown[y][x] = (i & 2) != 0;
		shown[y + 1][x++] = (i & 1) != 0;
	}
	return x;
}

static void
test_terminal(void **state)
{
	static const char text[] = "[Interface]\nPrivateKey = x\n";
	char *out = show(gw_qr_terminal, text);
	int y = 0, width = 0;

	(void)state;
	for (char *p = out; *p != '\0'; p = strchr(p, '\n') + 1) {
		width = read_line(p, y);
		y += 2;
	}
	compare(text, width, y);
	free(out);
}

static void
test_svg(void **state)
{
	static const char text[] = "[Interface]\nPrivateKey = y\n";
	char *out = show(gw_qr_svg, text);
	const char *p = strstr(out, "viewBox=\"0 0 ");
	int width, height, x, y, n, read;

	(void)state;
	assert_non_null(p);
	assert_int_equal(
	    sscanf(p, "viewBox=\"0 0 %d %d\"", &width, &height), 2);
	assert_int_equal(width, height);
	memset(shown, 0, sizeof(shown));
	p = strstr(out, " d=\"");
	assert_non_null(p);
	for (p += 4; *p != '"'; p += read) {
		int back;

		read = 0;
		assert_int_equal(
		    sscanf(p, "M%d %dh%dv1h-%dz%n", &x, &y, &n, &back, &read),
		    4);
		assert_int_equal(n, back);
		assert_true(read > 0 && y < SIZE && x + n <= SIZE);
		while (n-- > 0)
			shown[y][x + n] = true;
	}
	compare(text, width, height);
	free(out);
}

/* 2953 bytes are what the largest code holds at this level. */
static void
test_too_long(void **state)
{
	char text[2955], *out;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[2953] = '\0';
	out = show(gw_qr_svg, text);
	free(out);
	text[2953] = 'x';
	text[2954] = '\0';
	assert_int_equal(gw_qr_svg(text, stdout), -1);
	assert_int_equal(errno, E2BIG);
	assert_int_equal(gw_qr_terminal(text, stdout), -1);
	assert_int_equal(errno, E2BIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_svg),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
