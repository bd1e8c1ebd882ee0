/*
 * Numbers as files have them, most significant byte first (PNG, ISO/IEC
 * 14496-12) or last (RIFF).
 */
#ifndef PD_BYTES_H
#define PD_BYTES_H

#include <stdint.h>

static inline uint32_t
pd_bytes_get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t
pd_bytes_get32(const uint8_t *p)
{
	return pd_bytes_get16(p) << 16 | pd_bytes_get16(p + 2);
}

static inline void
pd_bytes_put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline void
pd_bytes_put16le(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void
pd_bytes_put24le(uint8_t *p, uint32_t v)
{
	pd_bytes_put16le(p, v);
	p[2] = (uint8_t)(v >> 16);
}

static inline void
pd_bytes_put32le(uint8_t *p, uint32_t v)
{
	pd_bytes_put24le(p, v);
	p[3] = (uint8_t)(v >> 24);
}

#endif
