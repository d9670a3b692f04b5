/*-------------------------------------------------------------------------
 * hash.h
 *	  Hashes, and the pseudo-random numbers that answers are made of: the
 *	  same on every machine.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_HASH_H
#define SANDBOX_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, mixed. */
extern uint64_t sb_hash(const void *bytes, size_t len, uint64_t seed);

/* The finalizer of splitmix64. */
extern uint64_t sb_hash_mix(uint64_t value);

/* The n-th pseudo-random number of a subject. */
static inline uint64_t
sb_hash_pick(uint64_t seed, uint64_t n)
{
	return sb_hash_mix(seed + (n + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

#endif /* SANDBOX_HASH_H */
