/*
 * The set that block.h hands out, from the inside: block_load.c makes it,
 * block.c asks it.
 *
 * Private to the two.
 */
#ifndef PD_BLOCK_PART_H
#define PD_BLOCK_PART_H

#include "filters/block/block.h"
#include "filters/block/policy.h"

struct pd_block_set {
	_Atomic unsigned refs;
	struct pd_set *rules; /* NULL: no list is configured */
	struct pd_policies *policies;
	struct pd_allow *allow;
	struct pd_hits *hits;
};

#endif
