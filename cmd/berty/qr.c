#include "qr.h"

#include <qrencode.h>
#include <stdbool.h>
#include <stdio.h>

/* White modules around the code; the standard's 4 are more than readers need. */
enum { QUIET = 2 };

static bool
dark(const QRcode * code, int x, int y)
{
	return (x >= 0 && y >= 0 && x < code->width && y < code->width &&
	    (code->data[y * code->width + x] & 1) != 0);
}

/* Blocks are printed white on black, so a light module is a full block. */
static const char *
pair(bool upper, bool lower)
{
	if (upper)
		return (lower ? " " : "\u2584");
	return (lower ? "\u2580" : "\u2588");
}

void
qr_print(const char * text)
{
	/* The internal form of links is all of the alphanumeric set. */
	QRcode * code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8,
	    1);
	int x, y;

	if (code == NULL)
		return;
	for (y = -QUIET; y < code->width + QUIET; y += 2) {
		fputs("\033[97;40m", stdout);
		for (x = -QUIET; x < code->width + QUIET; x++)
			fputs(pair(dark(code, x, y), dark(code, x, y + 1)),
			    stdout);
		puts("\033[0m");
	}
	QRcode_free(code);
}
