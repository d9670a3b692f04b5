/*-------------------------------------------------------------------------
 * jsonb_read.h
 *	  Reading an answer that is a jsonb value.
 *
 * Answers are read by their shape and with distrust: whatever is absent, JSON
 * null or of another type than expected reads as "not there".  Values point
 * into the jsonb, which must be detoasted and outlive them.
 *------------------------------------------------------------------------- */
#ifndef CS_JSONB_READ_H
#define CS_JSONB_READ_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

/* The whole of a jsonb, also when it is a scalar. */
extern void cs_jsonb_read_root(Jsonb *jsonb, JsonbValue *root);

extern bool cs_jsonb_read_is_object(const JsonbValue *value);
extern bool cs_jsonb_read_is_array(const JsonbValue *value);

/*
 * A member of an object, not null; false, with *member a JSON null, when it is
 * null or absent, or `object` is not an object.  May be the same variable.
 */
extern bool cs_jsonb_read_get(const JsonbValue *object, const char *key,
							  JsonbValue *member);

/* Has an object a member of that name, be it null? */
extern bool cs_jsonb_read_has(const JsonbValue *object, const char *key);

/* An element of an array by position, 0 the first; false beyond the last. */
extern bool
cs_jsonb_read_at(const JsonbValue *array, uint32 index, JsonbValue *element);

/* How many elements or members; 0 for a scalar. */
extern uint32 cs_jsonb_read_count(const JsonbValue *container);

/*
 * A number, also one sent as a string ("45.56", blanks around it allowed); NULL
 * for everything else: NaN, "1e", "0x10", "".  Strings follow JSON's grammar
 * for numbers, and have at most 1000 digits and an exponent within 1000.
 */
extern Numeric cs_jsonb_read_number(const JsonbValue *value);

/* The number that a member of an object is; NULL also when it is absent. */
extern Numeric
cs_jsonb_read_get_number(const JsonbValue *object, const char *key);

/* A number as an integer of 64 bits; false when it is fractional or beyond. */
extern bool cs_jsonb_read_int64(const JsonbValue *value, int64 *number);

/* Does a text say nothing?  White space is that of ASCII in every locale. */
extern bool cs_jsonb_read_is_blank(const char *text, int len);

/* A string's content as text; NULL when it is not a string. */
extern text *cs_jsonb_read_text(const JsonbValue *value);

/* true, false, 1 and 0, also as strings; false: none of these. */
extern bool cs_jsonb_read_bool(const JsonbValue *value, bool *truth);

/*
 * A moment: "YYYY-MM-DD", then nothing or T or a blank and "HH:MM[:SS[.f]]",
 * then nothing or Z or an offset "+HH:MM", "+HHMM", "+HH".  The moment is as
 * written, its offset apart in seconds east of UTC; *has_offset says whether
 * there was one.  False for anything else, such as the 30th of February.
 * Years are 1900 to 2999; digits of a second beyond microseconds are cut.
 */
extern bool cs_jsonb_read_timestamp(const JsonbValue *value, Timestamp *moment,
									bool *has_offset, int *offset);

#endif /* CS_JSONB_READ_H */
