/*-------------------------------------------------------------------------
 * json.h
 *	  Strict and bounded reading of a provider's JSON into json-c's objects.
 *
 * json-c's tokener is too kind for answers that decide a loan: it
 * saturates integers beyond 64 bits, cuts object keys at \u0000, accepts NaN,
 * "1.", raw control characters, over-long UTF-8 and lone surrogates.
 * cs_json_parse refuses all of these, and keeps a number of any length exactly:
 * see cs_json_number.  What json-c itself says of a fraction is nothing to go
 * by; ask cs_json_double.
 *------------------------------------------------------------------------- */
#ifndef CS_JSON_H
#define CS_JSON_H

#include "base/core.h"

struct json_object;

/*
 * Nesting that is still read.  The deepest documented answer has 6 levels;
 * json-c and PostgreSQL recurse over what is accepted.
 */
#define CS_JSON_MAX_DEPTH 64

/*
 * Parses one complete JSON text.  *root must be released with
 * json_object_put; a JSON null gives *root == NULL with CS_OK.
 * A UTF-8 byte order mark before it is skipped.
 * Errors: CS_ERR_NOT_UNDERSTOOD (not JSON, trailing bytes, \u0000, invalid
 * UTF-8; detail gives cause and byte offset, never content),
 * CS_ERR_TOO_LARGE (deeper than CS_JSON_MAX_DEPTH, or 1 GB), CS_ERR_MEMORY.
 * A number of more than 1000 digits or an exponent beyond 1000 is not
 * understood either: no score, but an attack on who has to write it out.
 * A key that occurs twice in an object: the last one wins, as in jsonb.
 */
extern CsStatus cs_json_parse(const char *text, size_t len,
							  struct json_object **root, CsError *err);

/* Room for the digits of a plain integer. */
#define CS_JSON_INTEGER_SIZE 24

/*
 * The digits of a JSON number exactly as sent ("100.10", "1e308", 30-digit
 * integers), fit for numeric_in.  buf, of CS_JSON_INTEGER_SIZE, is used for
 * plain integers.  NULL when the value is not a number.
 */
extern const char *
cs_json_number(struct json_object *value, char *buf, size_t buflen);

/*
 * The text of a string, or the digits of a number as cs_json_number() gives
 * them: providers send codes and phone numbers either way.  NULL for others.
 */
extern const char *
cs_json_word(struct json_object *value, char *buf, size_t buflen);

/* A number as a double; 0 when it is none. */
extern double cs_json_double(struct json_object *value);

/* Member of an object by name; NULL when absent, null or not an object. */
extern struct json_object *
cs_json_get(struct json_object *object, const char *name);

/* The text of a string member; NULL when absent or not a string. */
extern const char *
cs_json_get_text(struct json_object *object, const char *name);

/*
 * An integer member given as a number or as a numeric string ("86400").
 * False when absent, fractional, or out of int64.
 */
extern bool cs_json_get_int64(struct json_object *object, const char *name,
							  int64_t *value);

#endif /* CS_JSON_H */
