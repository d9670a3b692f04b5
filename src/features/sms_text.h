/*-------------------------------------------------------------------------
 * sms_text.h
 *	  What one message about money says.
 *
 * Pure functions, which allocate nothing.  Texts are not terminated and belong
 * to the caller.  The work on a text is bounded by its length and that of the
 * forms: nothing is tried again that was decided.
 *------------------------------------------------------------------------- */
#ifndef CS_SMS_TEXT_H
#define CS_SMS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "features/sms_field.h"
#include "features/sms_form.h"

/* Texts of forms are far shorter; what is behind so many bytes is not read. */
#define CS_SMS_TEXT_MAX 1024

/*
 * Copies a text with one blank for any white space, none at its ends; into
 * `out` fit CS_SMS_TEXT_MAX bytes.  Returns how many it has.
 */
extern size_t cs_sms_text_collapse(const char *raw, size_t len, char *out);

/*
 * Reads a collapsed text of an issuer, into which *read points then; false: it
 * is in none of the issuer's forms.
 */
extern bool cs_sms_text_read(CsSmsIssuerId issuer, const char *text,
							 size_t len, CsSmsRead *read);

#endif /* CS_SMS_TEXT_H */
