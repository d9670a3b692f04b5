/*-------------------------------------------------------------------------
 * certificate.h
 *	  Until when an X.509 certificate is valid.
 *
 * Nothing else of it is looked at, and nothing is verified: that is the TLS
 * library's work.  A pure function.
 *------------------------------------------------------------------------- */
#ifndef CS_CERTIFICATE_H
#define CS_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From its DER: in Unix seconds.  False when it is no certificate. */
extern bool cs_certificate_end(const uint8_t *der, size_t len, int64_t *end);

#endif /* CS_CERTIFICATE_H */
