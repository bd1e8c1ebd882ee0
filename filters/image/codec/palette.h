/*
 * A picture's colours reduced to a palette: what makes a PNG of a drawing a
 * third of its size for clients that take nothing else.
 */
#ifndef PD_PALETTE_H
#define PD_PALETTE_H

#include "filters/image/codec/pixels.h"

/*
 * RGB or RGBA in place to the fewest colours, alpha included and `colours`
 * (2..256) at most, whose error is at or below `worst`; *fits tells whether
 * there are so few, else px is untouched. What cannot be seen stays so, and is
 * one of them. MEMORY.
 *
 * The error is what is left of it in the mean of squares of 8 x 8 pixels: the
 * mean square of that over the picture, in levels as the eye weighs them. Of
 * all that was tried it goes best with the score (correlation 0.97): 0.08 is a
 * score of 90, 0.15 of 88, 0.3 of 85, 0.8 of 80, give or take 3. 0: exact.
 */
enum pd_job_status pd_palette_reduce(
    struct pd_pixels *px, unsigned colours, double worst, bool *fits);

#endif
