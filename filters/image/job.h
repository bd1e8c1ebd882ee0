/*
 * The message to pared-codec and back, and what each side checks in the
 * other's.
 *
 * The question comes with two memfds: the image, sealed against every change,
 * and the room for the result, whose size is fixed from birth at the most that
 * would still be a saving. The answer comes with none: pared seals the room
 * against writing before it looks inside, which fails while anybody can still
 * write there. Both sides are built together, so structs go as they are.
 * Thread: any.
 */
#ifndef PD_JOB_H
#define PD_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filters/image/sniff.h"

#define PD_JOB_ASK    0x716a6470u /* "pdjq" */
#define PD_JOB_ANSWER 0x616a6470u /* "pdja" */

/* Descriptors of a question. */
enum { PD_JOB_FD_IN, PD_JOB_FD_OUT, PD_JOB_FDS };

/* The largest image that is asked about, bytes. */
#define PD_JOB_BODY_MAX (64u << 20)
/* The longest side that every format here can hold (WebP's limit). */
#define PD_JOB_SIDE_MAX 16383

/* Pictures of an animation: of more, it is left as it is. */
#define PD_JOB_FRAMES_MAX 1000U

/* What both sides judge alike. Neither side longer than this: an icon, whose
 * edges do not survive any loss. */
#define PD_JOB_ICON_SIDE 64
/* Below this colour is kept at full resolution: a thumbnail's edges show it,
 * and its bytes are few. */
#define PD_JOB_SMALL_PIXELS 40000

/* What may come out. Of an animation: AVIF is a sequence, either WebP one whose
 * frames are coded in whichever of the two ways takes less. */
enum pd_job_output {
	PD_JOB_JPEG = 1 << 0,
	PD_JOB_PNG = 1 << 1,
	PD_JOB_WEBP_LOSSY = 1 << 2,
	PD_JOB_WEBP_LOSSLESS = 1 << 3,
	PD_JOB_REWRITE = 1 << 4, /* JPEG to JPEG, the same coefficients */
	PD_JOB_AVIF = 1 << 5,
};
#define PD_JOB_OUTPUTS 0x3f

enum pd_job_flag {
	PD_JOB_GREY = 1 << 0,        /* take the colour out */
	PD_JOB_PROGRESSIVE = 1 << 1, /* a JPEG that comes out is progressive */
	PD_JOB_ICC = 1 << 2,         /* a profile is embedded */
	PD_JOB_ANIMATED = 1 << 3,    /* many pictures in, two or more out */
	PD_JOB_PALETTE = 1 << 4,     /* a PNG may lose colours to a palette */
};
#define PD_JOB_FLAGS 0x1f

/* Colour's resolution in a lossy result. */
enum pd_job_chroma {
	PD_JOB_CHROMA_AUTO, /* by the pixels: full where its edges show */
	PD_JOB_CHROMA_FULL, /* 4:4:4 */
	PD_JOB_CHROMA_HALF, /* 4:2:0 */
};

/* How each encoder is to work: a plan fills it, the question carries it. */
struct pd_job_settings {
	uint8_t outputs;                    /* enum pd_job_output */
	uint8_t flags;                      /* enum pd_job_flag */
	uint8_t chroma;                     /* enum pd_job_chroma */
	uint8_t quality_jpeg, quality_webp; /* 1..100, the libraries' scales */
	uint8_t method_webp;                /* 0..6, of the lossy encoder */
	uint8_t quantizer_avif;             /* 0..63, colour's */
	uint8_t quantizer_alpha;            /* 0..63, AVIF's alpha */
	uint8_t speed_avif;                 /* 0..10 */
	uint8_t effort; /* lossless: 0 least, 2 usual, 3 most */
	uint8_t pad[2];
	/* Of the result before its turn; the source's own, or less of both. */
	uint32_t to_width, to_height;
	uint32_t out_max;   /* bytes of the room */
	uint32_t lossy_max; /* a lossy result must not be longer than this */
};

struct pd_job_ask {
	uint32_t magic;
	uint32_t in_len;
	uint32_t width, height; /* as sniffed: the decoder must agree */
	uint32_t frames;        /* as sniffed; 1 for a still */
	uint8_t source;         /* enum pd_image_format */
	uint8_t orientation;    /* 1..8, baked into the pixels */
	uint8_t pad[2];
	struct pd_job_settings set;
	/* CLOCK_MONOTONIC, ms, the same in all processes: give up then. */
	uint64_t until_ms;
};

enum pd_job_status {
	PD_JOB_DONE,
	PD_JOB_LARGER,      /* nothing small enough came out */
	PD_JOB_BAD,         /* broken, or not what the sniffing said */
	PD_JOB_UNSUPPORTED, /* legal, but not for us */
	PD_JOB_LATE,
	PD_JOB_MEMORY,
	PD_JOB_STATUSES,
};

struct pd_job_answer {
	uint32_t magic;
	uint32_t status; /* enum pd_job_status */
	/* With DONE alone, else 0. */
	uint32_t out_len;
	uint32_t width, height; /* turned already */
	uint32_t frames;
	uint8_t format; /* enum pd_image_format */
	uint8_t output; /* the one pd_job_output that it is */
	uint8_t pad[2];
	/* CPU that it took in all, and of that to decode and to encode. */
	uint32_t cpu_us, decode_us, encode_us;
};

/* For pared-codec: whether every field is one that a question may have. */
bool pd_job_ask_ok(const struct pd_job_ask *ask);

/*
 * For pared: whether an answer to ask holds together; its bytes are judged by
 * pd_job_result_ok().
 */
bool pd_job_answer_ok(
    const struct pd_job_ask *ask, const struct pd_job_answer *answer);

/* For pared: whether the bytes are what a DONE answer says they are. */
bool pd_job_result_ok(
    const struct pd_job_answer *answer, const uint8_t *p, size_t n);

/* "larger", for logs. */
const char *pd_job_status_name(uint32_t status);

/* CLOCK_MONOTONIC in milliseconds. */
uint64_t pd_job_now_ms(void);

#endif
