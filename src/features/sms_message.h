/*-------------------------------------------------------------------------
 * sms_message.h
 *	  The messages about money of one phone.
 *
 * Everything points into the jsonb, the list of parties, or memory of the
 * context that was current when they were read.
 *------------------------------------------------------------------------- */
#ifndef CS_SMS_MESSAGE_H
#define CS_SMS_MESSAGE_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "features/party.h"
#include "features/sms_text.h"

typedef struct CsSmsMessage
{
	int			  line; /* its number among all messages, from 1 */
	const char	 *sender;
	int			  sender_len;
	CsSmsIssuerId issuer;
	int			  account; /* whose balance it tells, among all accounts */
	const char	 *text;	   /* with single blanks */
	int			  text_len;
	CsSmsRead	  read; /* its form is NULL where it is not understood */
	bool		  has_stamp;
	int64 stamp; /* when it came; times are microseconds from 2000 on */
	bool  has_time;
	int64 time; /* that it tells of; both are UTC */
	CsMpesaClass class;
	const char *party; /* as a statement has it, with its number; NULL: none */
	int			party_len;
	uint8		roles;	  /* CsPartyRole, of the party */
	const char *known_as; /* party or lender in credscore.party, or NULL */
	bool		fuliza;	  /* paid with the overdraft */
	CsSmsAmount left;	  /* balance after a draw of the overdraft, by the text
							* of its payment */
} CsSmsMessage;

typedef struct CsSmsMessages
{
	CsSmsMessage *messages; /* the oldest first, each once */
	int			  nmessages;
	int			  size;
	int			  lines;	  /* how many there are with others */
	int			  duplicates; /* that were left out */
	const char	 *currency;	  /* of most that are understood; NULL: of none */
	int64		  zone;		  /* microseconds east of UTC, where that is */

	/* Accounts: first one of each issuer, then those that have a number. */
	CsSmsIssuerId *accounts; /* the issuer of each */
	int			   naccounts;
} CsSmsMessages;

/*
 * Reads an array of messages as credscore_sms_event takes it, an event of Weza
 * with messages in it, or an array of such; false: it is none of these.
 * Messages that were sent, or come from somebody who is no issuer, lender or
 * bookmaker, are left out; of any other that is no message nothing is told.
 */
extern bool
cs_sms_message_read(const JsonbValue *sms, const CsPartyList *parties,
					CsSmsMessages *messages);

#endif /* CS_SMS_MESSAGE_H */
