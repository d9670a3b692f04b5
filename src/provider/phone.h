/*-------------------------------------------------------------------------
 * phone.h
 *	  Phone numbers as digits.
 *------------------------------------------------------------------------- */
#ifndef CS_PHONE_H
#define CS_PHONE_H

#include "base/core.h"

/* Do two texts end in the same n digits?  True when one has fewer. */
extern bool cs_phone_same_last_digits(const char *a, const char *b, int n);

/* Digits of a phone number after removing '+', spaces and dashes. */
extern CsStatus
cs_phone_digits(const char *phone, char *out, size_t outlen, CsError *err);

#endif /* CS_PHONE_H */
