/*-------------------------------------------------------------------------
 * hash.c
 *	  Hashes, and the pseudo-random numbers that answers are made of.
 *------------------------------------------------------------------------- */
#include "core/hash.h"

uint64_t
sb_hash_mix(uint64_t value)
{
	value ^= value >> 30;
	value *= UINT64_C(0xbf58476d1ce4e5b9);
	value ^= value >> 27;
	value *= UINT64_C(0x94d049bb133111eb);
	value ^= value >> 31;
	return value;
}

uint64_t
sb_hash(const void *bytes, size_t len, uint64_t seed)
{
	const unsigned char *from = bytes;
	uint64_t			 hash = UINT64_C(0xcbf29ce484222325) ^ seed;
	size_t				 i;

	for (i = 0; i < len; i++)
	{
		hash ^= from[i];
		hash *= UINT64_C(0x100000001b3);
	}
	return sb_hash_mix(hash);
}
