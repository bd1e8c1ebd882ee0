/* Every filter, in the order in which it may stand: decided here alone. */
#include "filters/chain.h"
#include "filters/coding/decode.h"
#include "filters/coding/encode.h"
#include "filters/image/image.h"

const struct pd_filter_type *const pd_filter_table[] = {
	&pd_decode_filter,
	&pd_image_filter,
	&pd_encode_whole_filter,
	&pd_encode_filter,
	NULL,
};
