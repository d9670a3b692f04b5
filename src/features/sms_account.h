/*-------------------------------------------------------------------------
 * sms_account.h
 *	  Which account a message is about, where one issuer has several.
 *------------------------------------------------------------------------- */
#ifndef CS_SMS_ACCOUNT_H
#define CS_SMS_ACCOUNT_H

#include "postgres.h"

#include "features/sms_message.h"

/*
 * Numbers the accounts of all messages that are understood.  Texts print a
 * number with some of its digits masked, and not always the same ones: two are
 * of one account if the digits that are shown of one end with all that are
 * shown of the other.  What prints none is about the issuer's account without
 * a number, as all of M-PESA's is.
 */
extern void cs_sms_account_number(CsSmsMessages *messages);

#endif /* CS_SMS_ACCOUNT_H */
