/*
 * What reading a header section and reading a trailer section share: the
 * search for the end, lines, field lines. Private to http/.
 * Thread: any.
 */
#ifndef PD_SECTION_H
#define PD_SECTION_H

#include "http/h1.h"

/* What is left of a section while it is cut into lines. */
struct pd_section {
	struct pd_str rest; /* a copy: folded lines are joined in place */
	bool strict; /* a request: CRLF only, nothing folded or left out */
};

/* Sets the fault; PD_H1_BAD. */
enum pd_h1_result
pd_section_bad(struct pd_fault *fault, int status, const char *what);

/*
 * The next line without its end. False where it is malformed: a bare LF in a
 * strict section, a CR that is not part of a line end, a NUL.
 */
bool pd_section_line(struct pd_section *s, struct pd_str *line);

/*
 * The length of the section that ends in an empty line, or 0 when it has not
 * ended. from: bytes that an earlier call looked at.
 */
size_t pd_section_end(const char *p, size_t n, size_t from);

/*
 * Whether an unfinished section of a request already holds what will be
 * refused: found now rather than when its end never comes.
 */
bool pd_section_hopeless(const char *p, size_t n, size_t from);

/* The first n bytes of in as one piece; almost always they are one already. */
const char *pd_section_look(struct evbuffer *in, size_t n);

/* Bytes of in to look at for a section that must end within the limit. */
size_t
pd_section_window(const struct evbuffer *in, const struct pd_h1_limits *limits);

/* Reads field lines up to the empty one; max of them at most. */
enum pd_h1_result pd_section_fields(struct pd_section *s, uint32_t max,
    struct pd_arena *arena, struct pd_fields *fs, struct pd_fault *fault);

#endif
