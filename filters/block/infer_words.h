/*
 * What single words of a request tell of what is asked for. Private to infer.c.
 * Thread: any; pure.
 */
#ifndef PD_BLOCK_INFER_WORDS_H
#define PD_BLOCK_INFER_WORDS_H

#include "filters/block/infer.h"

struct pd_guess {
	enum pd_content_kind kind;
	uint16_t types; /* PD_TYPE_* */
};

/* Sec-Fetch-Dest, but for "empty", and the end of a path: "gif". False: not a
 * word that is known. */
bool pd_infer_destination(struct pd_str word, struct pd_guess *out);
bool pd_infer_extension(struct pd_str word, struct pd_guess *out);

#endif
