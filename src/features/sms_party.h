/*-------------------------------------------------------------------------
 * sms_party.h
 *	  With whom a message tells of a transaction, and what that makes it.
 *------------------------------------------------------------------------- */
#ifndef CS_SMS_PARTY_H
#define CS_SMS_PARTY_H

#include "postgres.h"

#include "features/party.h"
#include "features/sms_message.h"

/* The issuer of a message by its sender; false: it is not about money. */
extern bool
cs_sms_party_issuer(CsSmsMessage *message, const CsPartyList *parties);

/* Class, party and roles of a message that is understood. */
extern void
cs_sms_party_take(CsSmsMessage *message, const CsPartyList *parties);

/* Number and name of the party; both point into the message. */
extern void
cs_sms_party_parts(const CsSmsMessage *message, CsPartyParts *parts);

#endif /* CS_SMS_PARTY_H */
