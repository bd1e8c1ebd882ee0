/*
 * What jpeg*.c share of libjpeg: errors, input and output.
 */
#ifndef PD_JPEG_LIB_H
#define PD_JPEG_LIB_H

#include <setjmp.h>
#include <stddef.h>
#include <stdio.h> /* jpeglib.h wants FILE */

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
};

/* Whether pd_jpeg_planes() can hold the components' sampling: all that divide
 * luma's by 1, 2 or 4, both of colour alike. After the header, and after
 * jpeg_calc_output_dimensions() when the picture is scaled. */
bool pd_jpeg_planes_fit(const struct pd_jpeg *j);

/* A compressor that writes to a pd_codec_out. */
struct pd_jpeg_writer {
	struct jpeg_compress_struct c;
	struct jpeg_destination_mgr dest;
	struct jpeg_progress_mgr progress;
	const struct pd_job_ask *ask;
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
    const struct pd_job_ask *ask, struct pd_codec_out *out);
/*
 * To progressive, before jpeg_write_coefficients(); one or three components.
 * dense: there are many coefficients.
 */
void pd_jpeg_writer_scans(struct pd_jpeg_writer *w, bool dense);
/* After jpeg_write_coefficients(): the profile. */
void pd_jpeg_writer_icc(
    struct pd_jpeg_writer *w, const struct pd_jpeg_params *params);
/* Once more than init is fine, also after a failure. */
void pd_jpeg_writer_finish(struct pd_jpeg_writer *w);

#endif
