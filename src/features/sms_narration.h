/*-------------------------------------------------------------------------
 * sms_narration.h
 *	  What banks write of a transaction: "POS TRF/MFANO SHOP/LAGOS".
 *
 * Pure functions.  A narration is whatever a person or a machine typed, and
 * says neither with whom a transaction was nor what it was, so that little is
 * read of it: what a bank itself writes at the beginning, and parts that are a
 * name and nothing else.
 *------------------------------------------------------------------------- */
#ifndef CS_SMS_NARRATION_H
#define CS_SMS_NARRATION_H

#include <stdbool.h>
#include <stddef.h>

#include "features/mpesa.h"
#include "features/sms_field.h"

/*
 * A reversal, and of a debit a charge or airtime, where the first words say
 * so; else a transaction.
 */
extern CsMpesaClass
cs_sms_narration_class(const CsSmsSpan *narration, bool is_debit);

/*
 * Takes the next part of what is left of a narration: what stands between
 * strokes, colons and the like, without words such as POS, NIP or TRF around
 * it.  False: there is none.
 */
extern bool cs_sms_narration_next(CsSmsRest *rest, CsSmsSpan *part);

#endif /* CS_SMS_NARRATION_H */
