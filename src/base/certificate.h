/*-------------------------------------------------------------------------
 * certificate.h
 *	  Until when an X.509 certificate is valid, and whose its key is.
 *
 * Nothing else of it is looked at, and nothing is verified: that is the TLS
 * library's work.  Pure functions.
 *------------------------------------------------------------------------- */
#ifndef CS_CERTIFICATE_H
#define CS_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From its DER: in Unix seconds.  False when it is no certificate. */
extern bool cs_certificate_end(const uint8_t *der, size_t len, int64_t *end);

typedef enum CsMatch
{
	CS_MATCH_UNKNOWN, /* it cannot be told, or one is none */
	CS_MATCH_FITS,
	CS_MATCH_NOT
} CsMatch;

/* Is a private key, in DER too, that of a certificate?  RSA and elliptic curves. */
extern CsMatch cs_certificate_match(const uint8_t *der, size_t len,
									const uint8_t *key, size_t key_len);

#endif /* CS_CERTIFICATE_H */
