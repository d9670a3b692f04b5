/*-------------------------------------------------------------------------
 * weza_id.h
 *	  Weza's names for events and assessments: what they are made of.
 *------------------------------------------------------------------------- */
#ifndef CS_WEZA_ID_H
#define CS_WEZA_ID_H

#include "base/core.h"

/*
 * A time as RFC 3339 has it ("2020-03-11T12:00:00+03:00", a fraction and Z are
 * fine) as milliseconds since 1970.  False: it is none, or has no offset.
 */
extern bool cs_weza_id_time(const char *text, int64_t *ms);

/*
 * The id that Weza gives to what an account, a type and a time name: base64 of
 * the three ("borrower:10023;credit;1517475600000").  False: it has no room in
 * `size` bytes, or there is no memory.
 */
extern bool cs_weza_id(const char *account, const char *type, int64_t ms,
					   char *out, size_t size);

#endif /* CS_WEZA_ID_H */
