/*-------------------------------------------------------------------------
 * checksum.h
 *	  CRC-32C of bytes that are kept in files.
 *------------------------------------------------------------------------- */
#ifndef CS_CHECKSUM_H
#define CS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Castagnoli's polynomial, reflected, as RFC 3720 appendix B.4 checks it. */
extern uint32_t cs_checksum(const void *bytes, size_t len);

#endif /* CS_CHECKSUM_H */
