#include "filters/block/file.h"

#include <xxhash.h>

const char *const pd_file_section_names[PD_SECTIONS] = {
#define X(id, name, size) [PD_SECTION_##id] = name,
	PD_FILE_SECTIONS(X)
#undef X
};

const uint32_t pd_file_section_sizes[PD_SECTIONS] = {
#define X(id, name, size) [PD_SECTION_##id] = size,
	PD_FILE_SECTIONS(X)
#undef X
};

uint64_t
pd_file_checksum(const unsigned char *bytes, size_t n)
{
	size_t from = offsetof(struct pd_file_head, key);

	return XXH3_64bits(bytes + from, n - from);
}

const uint8_t pd_byte_class[256] = {
	['\0'] = PD_BYTE_END,
	['/'] = 1,
	['.'] = 2,
	['-'] = 3,
	['_'] = 4,
	['='] = 5,
	['?'] = 6, /* both stand before a parameter */
	['&'] = 6,
	[':'] = 8,
	[','] = 9,
	[';'] = 10,
	['%'] = 11,
	['+'] = 12,
	['~'] = 13,
	['@'] = 14,
	['!'] = 14,
};

const uint8_t pd_byte_joins[256] = {
	['A' ... 'Z'] = 1,
	['a' ... 'z'] = 1,
	['0' ... '9'] = 1,
	['_'] = 1,
	['.'] = 1,
	['-'] = 1,
	['%'] = 1,
};
