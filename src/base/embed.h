/*
 * A file of the source tree as bytes of the program, put there by the
 * assembler.
 *
 * The file that uses it is compiled with PD_SOURCE_DIR (the tree's root) and
 * names the embedded file in OBJECT_DEPENDS, see pac/CMakeLists.txt.
 */
#ifndef PD_EMBED_H
#define PD_EMBED_H

#include "base/str.h"

/*
 * PD_EMBED(page, "src/portal/index.html") at file level defines page_data and
 * page_size; PD_EMBEDDED(page) is the slice of the file. A byte 0 follows it.
 */
/* clang-format off */
#define PD_EMBED(name, path)                                                   \
	__asm__(".pushsection .rodata, \"a\"\n"                                \
	        ".globl " #name "_data, " #name "_size\n"                      \
	        ".hidden " #name "_data, " #name "_size\n"                     \
	        #name "_data:\n"                                               \
	        ".incbin \"" PD_SOURCE_DIR "/" path "\"\n"                     \
	        #name "_end:\n"                                                \
	        ".byte 0\n"                                                    \
	        ".balign 8\n"                                                  \
	        #name "_size:\n"                                               \
	        ".quad " #name "_end - " #name "_data\n"                       \
	        ".popsection\n");                                              \
	extern const char name##_data[];                                       \
	extern const uint64_t name##_size
/* clang-format on */

#define PD_EMBEDDED(name) pd_str_of(name##_data, (size_t)name##_size)

#endif
