/*-------------------------------------------------------------------------
 * sms_sentence.h
 *	  The sentences of a text, and whether they say that something is so.
 *
 * Pure functions, of texts with single blanks.  "Your loan is not in default",
 * "If your loan is overdue", "Has it been declined?" and "customers have
 * defaulted" have the words of a warning, and warn of nothing.
 *------------------------------------------------------------------------- */
#ifndef CS_SMS_SENTENCE_H
#define CS_SMS_SENTENCE_H

#include <stdbool.h>

#include "features/sms_field.h"

/*
 * Takes the next sentence that is no question, without the sign at its end;
 * false: there is none.
 */
extern bool cs_sms_sentence_next(CsSmsRest *rest, CsSmsSpan *sentence);

/* Is there no word that denies what follows, or says it of others? */
extern bool cs_sms_sentence_is_so(const CsSmsSpan *before);

/* Is there no word behind it that makes it a condition? */
extern bool cs_sms_sentence_stays_so(const CsSmsSpan *behind);

#endif /* CS_SMS_SENTENCE_H */
