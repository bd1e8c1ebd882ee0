/* See infer_words.h. */
#include "filters/block/infer_words.h"

struct word_guess {
	const char *word;
	struct pd_guess guess;
};

#define WORD_GUESSES(table) (table), sizeof(table) / sizeof((table)[0])

/* clang-format off */
/* Fetch Standard, 2.2.5 (destinations), in the words of Sec-Fetch-Dest;
 * "empty" apart. */
static const struct word_guess destinations[] = {
	{ "image", { PD_CONTENT_IMAGE, PD_TYPE_IMAGE } },
	{ "script", { PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT } },
	{ "style", { PD_CONTENT_STYLE, PD_TYPE_STYLESHEET } },
	{ "font", { PD_CONTENT_FONT, PD_TYPE_FONT } },
	{ "document", { PD_CONTENT_DOCUMENT, PD_TYPE_DOCUMENT } },
	{ "iframe", { PD_CONTENT_FRAME, PD_TYPE_SUBDOCUMENT } },
	{ "frame", { PD_CONTENT_FRAME, PD_TYPE_SUBDOCUMENT } },
	{ "fencedframe", { PD_CONTENT_FRAME, PD_TYPE_SUBDOCUMENT } },
	{ "video", { PD_CONTENT_MEDIA, PD_TYPE_MEDIA } },
	{ "audio", { PD_CONTENT_MEDIA, PD_TYPE_MEDIA } },
	{ "track", { PD_CONTENT_MEDIA, PD_TYPE_MEDIA } },
	{ "object", { PD_CONTENT_FRAME, PD_TYPE_OBJECT } },
	{ "embed", { PD_CONTENT_FRAME, PD_TYPE_OBJECT } },
	{ "worker", { PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT } },
	{ "sharedworker", { PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT } },
	{ "serviceworker", { PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT } },
	{ "audioworklet", { PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT } },
	{ "paintworklet", { PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT } },
	{ "sharedstorageworklet", { PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT } },
	{ "manifest", { PD_CONTENT_JSON, PD_TYPE_OTHER } },
	{ "json", { PD_CONTENT_JSON, PD_TYPE_OTHER } },
	{ "xslt", { PD_CONTENT_OTHER, PD_TYPE_OTHER } },
	{ "webidentity", { PD_CONTENT_OTHER, PD_TYPE_OTHER } },
	{ "report", { PD_CONTENT_OTHER, PD_TYPE_CSP_REPORT } },
};

/* Segments of a stream are fetched by a script or by the player itself. */
#define STREAM { PD_CONTENT_MEDIA, PD_TYPE_MEDIA | PD_TYPE_XHR }
/* A script's: no browser navigates without naming HTML in Accept. */
#define MARKUP { PD_CONTENT_DOCUMENT, PD_TYPE_XHR }

static const struct word_guess extensions[] = {
	{ "js", { PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT } },
	{ "mjs", { PD_CONTENT_SCRIPT, PD_TYPE_SCRIPT } },
	{ "css", { PD_CONTENT_STYLE, PD_TYPE_STYLESHEET } },
	{ "png", { PD_CONTENT_IMAGE, PD_TYPE_IMAGE } },
	{ "gif", { PD_CONTENT_IMAGE, PD_TYPE_IMAGE } },
	{ "jpg", { PD_CONTENT_IMAGE, PD_TYPE_IMAGE } },
	{ "jpeg", { PD_CONTENT_IMAGE, PD_TYPE_IMAGE } },
	{ "webp", { PD_CONTENT_IMAGE, PD_TYPE_IMAGE } },
	{ "avif", { PD_CONTENT_IMAGE, PD_TYPE_IMAGE } },
	{ "svg", { PD_CONTENT_IMAGE, PD_TYPE_IMAGE } },
	{ "ico", { PD_CONTENT_IMAGE, PD_TYPE_IMAGE } },
	{ "bmp", { PD_CONTENT_IMAGE, PD_TYPE_IMAGE } },
	{ "apng", { PD_CONTENT_IMAGE, PD_TYPE_IMAGE } },
	{ "woff", { PD_CONTENT_FONT, PD_TYPE_FONT } },
	{ "woff2", { PD_CONTENT_FONT, PD_TYPE_FONT } },
	{ "ttf", { PD_CONTENT_FONT, PD_TYPE_FONT } },
	{ "otf", { PD_CONTENT_FONT, PD_TYPE_FONT } },
	{ "eot", { PD_CONTENT_FONT, PD_TYPE_FONT } },
	{ "mp4", { PD_CONTENT_MEDIA, PD_TYPE_MEDIA } },
	{ "m4v", { PD_CONTENT_MEDIA, PD_TYPE_MEDIA } },
	{ "webm", { PD_CONTENT_MEDIA, PD_TYPE_MEDIA } },
	{ "mp3", { PD_CONTENT_MEDIA, PD_TYPE_MEDIA } },
	{ "m4a", { PD_CONTENT_MEDIA, PD_TYPE_MEDIA } },
	{ "ogg", { PD_CONTENT_MEDIA, PD_TYPE_MEDIA } },
	{ "m4s", STREAM },
	{ "ts", STREAM },
	{ "m3u8", STREAM },
	{ "mpd", STREAM },
	{ "json", { PD_CONTENT_JSON, PD_TYPE_XHR } },
	{ "html", MARKUP },
	{ "htm", MARKUP },
	{ "xhtml", MARKUP },
	{ "swf", { PD_CONTENT_OTHER, PD_TYPE_OBJECT } },
	{ "xml", { PD_CONTENT_OTHER, PD_TYPE_XHR } },
	{ "txt", { PD_CONTENT_OTHER, PD_TYPE_XHR } },
};
/* clang-format on */

static bool
find_word(const struct word_guess *v, size_t n, struct pd_str word,
    struct pd_guess *out)
{
	for (size_t i = 0; i < n; i++) {
		if (pd_str_caseeq(word, pd_str_z(v[i].word))) {
			*out = v[i].guess;
			return true;
		}
	}
	return false;
}

bool
pd_infer_destination(struct pd_str word, struct pd_guess *out)
{
	return find_word(WORD_GUESSES(destinations), word, out);
}

bool
pd_infer_extension(struct pd_str word, struct pd_guess *out)
{
	return find_word(WORD_GUESSES(extensions), word, out);
}
