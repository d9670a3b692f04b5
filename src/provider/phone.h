/*-------------------------------------------------------------------------
 * phone.h
 *	  Phone numbers: the one spelling under which a number is asked about.
 *------------------------------------------------------------------------- */
#ifndef CS_PHONE_H
#define CS_PHONE_H

#include "base/core.h"

/* Do two texts end in the same n digits?  True when one has fewer. */
extern bool cs_phone_same_last_digits(const char *a, const char *b, int n);

/*
 * The digits of a number, with country code: every spelling of a number gives
 * the same.  What is written between digits goes, and local forms are completed
 * where the country, named as in the server option, is one that we know.
 * CS_ERR_ARGUMENT with detail and hint unless it can be a mobile number of that
 * country, or, of another country, an international number.
 */
extern CsStatus cs_phone_normalise(const char *country, const char *phone,
								   char *out, size_t outlen, CsError *err);

#endif /* CS_PHONE_H */
