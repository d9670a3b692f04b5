/*-------------------------------------------------------------------------
 * form.h
 *	  Reads application/x-www-form-urlencoded.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_FORM_H
#define SANDBOX_FORM_H

#include <json-c/json.h>

#include "core/types.h"

/*
 * The fields of a form as an object of strings, which the caller puts away.
 * Of fields with one name the first counts; what has no "=" is no field.
 */
extern json_object *sb_form_parse(const char *text, size_t len);

#endif /* SANDBOX_FORM_H */
