/*
 * QR codes (ISO/IEC 18004), by libqrencode. The lowest level of correction: a
 * screen has no dirt, and a smaller code is read from farther away. A
 * WireGuard .conf of 300 bytes has 61 modules in a row; in half blocks it is
 * 69 columns and 35 lines.
 */
#include <errno.h>
#include <qrencode.h>

#include "onboard/onboard.h"

/* Modules of light around it that a reader needs (ISO/IEC 18004, 6.3.8). */
#define QUIET 4

static QRcode *
encode(const char *text)
{
	QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

	if (qr == NULL && errno == ERANGE)
		errno = E2BIG;
	return qr;
}

static bool
is_dark(const QRcode *qr, int x, int y)
{
	return x >= 0 && y >= 0 && x < qr->width && y < qr->width &&
	       (qr->data[y * qr->width + x] & 1) != 0;
}

int
gw_qr_columns(const char *text)
{
	QRcode *qr = encode(text);
	int columns = qr != NULL ? qr->width + 2 * QUIET : -1;

	QRcode_free(qr);
	return columns;
}

int
gw_qr_terminal(const char *text, FILE *out)
{
	/* By upper and lower half. */
	static const char *const blocks[2][2] = { { " ", "▄" }, { "▀", "█" } };
	QRcode *qr = encode(text);

	if (qr == NULL)
		return -1;
	for (int y = -QUIET; y < qr->width + QUIET; y += 2) {
		/* Black on white, whatever colours the terminal has: many
		 * readers do not take the reverse. */
		fputs("\033[38;5;16;48;5;231m", out);
		for (int x = -QUIET; x < qr->width + QUIET; x++)
			fputs(blocks[is_dark(qr, x, y)][is_dark(qr, x, y + 1)],
			    out);
		fputs("\033[0m\n", out);
	}
	QRcode_free(qr);
	return 0;
}

int
gw_qr_svg(const char *text, FILE *out)
{
	QRcode *qr = encode(text);
	int size;

	if (qr == NULL)
		return -1;
	size = qr->width + 2 * QUIET;
	fprintf(out,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
	    "height=\"%d\" viewBox=\"0 0 %d %d\" "
	    "shape-rendering=\"crispEdges\">\n"
	    "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<path d=\"",
	    8 * size, 8 * size, size, size, size, size);
	for (int y = 0; y < qr->width; y++) {
		for (int x = 0; x < qr->width; x++) {
			int from = x;

			while (is_dark(qr, x, y))
				x++;
			if (x > from)
				fprintf(out, "M%d %dh%dv1h-%dz", from + QUIET,
				    y + QUIET, x - from, x - from);
		}
	}
	fputs("\"/>\n</svg>\n", out);
	QRcode_free(qr);
	return 0;
}
