/*
 * Content codings by name: what a response carries, what a client accepts,
 * which coding a response should get. The bytes are unpack.h's and pack.h's.
 *
 * Everything here is pure (RFC 9110, 8.4 and 12.5.3).
 * Thread: any.
 */
#ifndef PD_CODING_H
#define PD_CODING_H

#include "filters/filter.h"

enum pd_coding {
	PD_CODING_IDENTITY,
	PD_CODING_GZIP,    /* also "x-gzip" */
	PD_CODING_DEFLATE, /* zlib, or raw as some origins send it */
	PD_CODING_BR,
	PD_CODING_ZSTD,
	PD_CODING_COUNT
};

/* Codings that lie over each other in one response, at most. */
#define PD_CODING_LAYERS 3
/* Bodies below are not worth the fields that a coding adds, bytes. */
#define PD_CODING_LENGTH_MIN 200
/* A coded body below fits a packet: coding it better gains nothing, bytes. */
#define PD_CODING_RECODE_MIN 1024

/* What Content-Encoding says, in the order in which it was applied. */
struct pd_codings {
	enum pd_coding v[PD_CODING_LAYERS];
	unsigned n;
	bool known; /* false: a coding we do not know, or too many */
};

/* "gzip"; "identity" for IDENTITY. */
const char *pd_coding_name(enum pd_coding c);

/* Of a response; "identity" is left out. */
struct pd_codings pd_coding_read(const struct pd_fields *response);
/* Whether the content comes coded, in a way that is known here or not. */
bool pd_coding_is_coded(const struct pd_fields *response);

/* Whether the client takes it. True for each where it sent no field. */
bool pd_coding_accepted(const struct pd_fields *request, enum pd_coding c);

/*
 * The coding that content of this message should get were it without one:
 * the client's favourite, on a tie the one that makes least bytes. IDENTITY
 * where the type does not compress, Gzip is off, or the client would rather
 * not. big: "br" and "zstd", which take much memory, may be chosen.
 */
enum pd_coding pd_coding_choose(const struct pd_message *msg, bool big);

/* Whether LosslessCompressCT covers a media type (lower case, bare). */
bool pd_coding_compressible(const struct pd_conf *conf, struct pd_str type);

/* The response's media type, lower case; empty when there is none. */
struct pd_str pd_coding_type(const struct pd_message *msg);

/*
 * Whether the coding of a response should come off on the client's account:
 * it does not accept it, or takes a coding that makes less bytes of it.
 */
bool pd_coding_unwanted(
    const struct pd_message *msg, const struct pd_codings *codings, bool big);

#endif
