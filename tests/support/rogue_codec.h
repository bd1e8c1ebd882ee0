/*
 * What rogue_codec.c and its tests agree on.
 */
#ifndef PD_ROGUE_CODEC_H
#define PD_ROGUE_CODEC_H

/* Deeds, each asked for by a picture of its own width: this and up. */
#define ROGUE_WIDTH 200
#define ROGUE_DEEDS 13
/* The exit status of one that got away with it. */
#define ROGUE_SURVIVED 77
/* What some would leave in their working directory. */
#define ROGUE_FILE "rogue-was-here"

#endif
