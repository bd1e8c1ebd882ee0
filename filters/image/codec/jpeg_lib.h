/*
 * What jpeg.c and jpeg_direct.c share of libjpeg: errors, input and output.
 */
#ifndef PD_JPEG_LIB_H
#define PD_JPEG_LIB_H

#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>

#include "filters/image/codec/jpeg.h"

/* Rows between two looks at the clock. */
#define PD_JPEG_CLOCK_ROWS 64

/* libjpeg's errors end in a jump here, with the reason. */
struct pd_jpeg_trap {
	struct jpeg_error_mgr mgr; /* first: libjpeg hands it back */
	jmp_buf jump;
	enum pd_job_status status;
};

struct pd_jpeg {
	struct jpeg_decompress_struct d;
	struct pd_jpeg_trap trap;
	const struct pd_job_ask *ask;
	uint8_t *rows; /* work space of the way that was taken */
};

/* A compressor that writes to a pd_codec_out. */
struct pd_jpeg_writer {
	struct jpeg_compress_struct c;
	struct jpeg_destination_mgr dest;
	struct pd_codec_out *out;
};

void pd_jpeg_trap_init(struct pd_jpeg_trap *trap);
/* Ends what is under way. */
void pd_jpeg_fail(j_common_ptr lib, enum pd_job_status status)
    __attribute__((noreturn));
/* Fails when the job's time is over. */
void pd_jpeg_check_late(j_common_ptr lib, const struct pd_job_ask *ask);

/* May fail into the trap, which the caller has set. */
void pd_jpeg_writer_init(struct pd_jpeg_writer *w, struct pd_jpeg_trap *trap,
    struct pd_codec_out *out);
/* Size, colour space and quality, before jpeg_start_compress(). */
void pd_jpeg_writer_set(struct pd_jpeg_writer *w, uint32_t width,
    uint32_t height, J_COLOR_SPACE space, const struct pd_jpeg_params *params);
/* After jpeg_start_compress(): the profile. */
void pd_jpeg_writer_icc(
    struct pd_jpeg_writer *w, const struct pd_jpeg_params *params);
/* Once more than init is fine, also after a failure. */
void pd_jpeg_writer_finish(struct pd_jpeg_writer *w);

#endif
