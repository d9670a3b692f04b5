/*-------------------------------------------------------------------------
 * checksum.c
 *	  CRC-32C of bytes that are kept in files.
 *
 * A bit at a time: the files are a few kilobytes, written now and then.
 *------------------------------------------------------------------------- */
#include "base/checksum.h"

#define CRC32C_REFLECTED UINT32_C(0x82F63B78)

uint32_t
cs_checksum(const void *bytes, size_t len)
{
	const unsigned char *b = bytes;
	uint32_t			 crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++)
	{
		crc ^= b[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? CRC32C_REFLECTED : 0);
	}
	return ~crc;
}
