/*-------------------------------------------------------------------------
 * sms_party.c
 *	  With whom a message tells of a transaction; see sms_party.h.
 *
 * A name of credscore.party is meant of businesses.  Whom a paybill, a till or
 * a payout is of is one.  Banks do not say whether it is, nor does M-PESA where
 * somebody without a number has paid: there a name applies only if it is all
 * of it, for "OKASH ABDI" is a person.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/sms_party.h"

#include "features/sms_narration.h"

/* Digits of the number of a paybill or a till. */
#define SHORTCODE_MIN 5
#define SHORTCODE_MAX 7

/* A sender has at most eleven characters, and a contact's name some more. */
#define SENDER_MAX 128

/* Anybody whose business with the phone's owner is money. */
bool
cs_sms_party_issuer(CsSmsMessage *message, const CsPartyList *parties)
{
	CsPartyMatch match;

	if (message->sender_len > SENDER_MAX)
		return false;
	message->issuer = cs_sms_form_issuer(message->sender, message->sender_len);
	if (message->issuer != CS_SMS_ISSUERS)
		return true;
	cs_party_match(parties, message->sender, message->sender_len, CS_RAIL_NONE,
				   &match);
	message->known_as = match.known_as;
	if (match.roles & CS_PARTY_LENDER)
		message->issuer = CS_SMS_LENDER;
	else if (match.roles & CS_PARTY_BETTING)
		message->issuer = CS_SMS_BOOKMAKER;
	return message->issuer != CS_SMS_ISSUERS;
}

/* --- parts --- */

/* The digits that a party ends with, if they are a shortcode; 0: they are not. */
static int
shortcode_length(const CsSmsSpan *party)
{
	int n = 0;

	while (n < (int) party->len && party->text[party->len - 1 - n] >= '0' &&
		   party->text[party->len - 1 - n] <= '9')
		n++;
	return n >= SHORTCODE_MIN && n <= SHORTCODE_MAX && n < (int) party->len &&
				   party->text[party->len - 1 - n] == ' '
			   ? n
			   : 0;
}

/* "MFANO LTD 300001" is "300001 - MFANO LTD" in statements. */
static void
turn_party(CsSmsMessage *message, int digits)
{
	const CsSmsSpan *party = &message->read.party;
	int				 name = (int) party->len - digits - 1;

	message->party = psprintf("%.*s - %.*s", digits, party->text + name + 1,
							  name, party->text);
	message->party_len = (int) strlen(message->party);
}

static void
take_name(CsSmsMessage *message)
{
	const CsSmsRead *read = &message->read;
	int				 digits = read->form->rail == CS_RAIL_BUSINESS
								  ? shortcode_length(&read->party)
								  : 0;

	message->party = read->party.len > 0 ? read->party.text : NULL;
	message->party_len = (int) read->party.len;
	if (digits > 0)
		turn_party(message, digits);
}

void
cs_sms_party_parts(const CsSmsMessage *message, CsPartyParts *parts)
{
	const CsSmsSpan *number = &message->read.number;

	memset(parts, 0, sizeof(*parts));
	if (message->party == NULL)
		return;
	if (number->len == 0 && message->issuer <= CS_SMS_AIRTEL_MONEY)
	{
		cs_party_split(message->party, message->party_len, parts);
		return;
	}
	parts->number = number->text;
	parts->number_len = number->len;
	parts->name = message->party;
	parts->name_len = message->party_len;
}

/* --- roles --- */

/* With whom a party can have which role; see mpesa.c. */
static int
roles_on(CsMpesaRail rail)
{
	switch (rail)
	{
		case CS_RAIL_NONE: /* a bank does not say */
		case CS_RAIL_PAYBILL:
		case CS_RAIL_BUSINESS:
			return CS_PARTY_BETTING | CS_PARTY_LENDER | CS_PARTY_OWN_ACCOUNT |
				   CS_PARTY_AIRTIME;
		case CS_RAIL_TILL:
			return CS_PARTY_BETTING | CS_PARTY_AIRTIME;
		default:
			return 0;
	}
}

static void
match_narration(const CsSmsMessage *message, const CsPartyList *parties,
				CsPartyMatch *match)
{
	CsSmsRest rest = {message->party, message->party + message->party_len};
	CsSmsSpan part;

	memset(match, 0, sizeof(*match));
	while (match->roles == 0 && cs_sms_narration_next(&rest, &part))
		cs_party_match_whole(parties, part.text, part.len, match);
}

static void
match_party(const CsSmsMessage *message, const CsPartyList *parties,
			CsPartyMatch *match)
{
	CsMpesaRail	 rail = message->read.form->rail;
	CsPartyParts parts;

	cs_sms_party_parts(message, &parts);
	if (rail == CS_RAIL_NONE)
		match_narration(message, parties, match);
	else if (rail == CS_RAIL_BUSINESS && parts.number_len == 0)
		cs_party_match_whole(parties, message->party, message->party_len,
							 match);
	else
		cs_party_match(parties, message->party, message->party_len, rail,
					   match);
}

void
cs_sms_party_take(CsSmsMessage *message, const CsPartyList *parties)
{
	const CsSmsRead *read = &message->read;
	int				 roles = roles_on(read->form->rail);
	CsPartyMatch	 match;

	message->class = read->form->class;
	if (read->form->known_as != NULL)
		message->known_as = read->form->known_as;
	take_name(message);
	if (message->party == NULL || roles == 0 ||
		message->class != CS_MPESA_TRANSACTION)
		return;
	if (read->form->rail == CS_RAIL_NONE)
		message->class = cs_sms_narration_class(&read->party, read->is_debit);
	if (message->class != CS_MPESA_TRANSACTION)
		return;
	match_party(message, parties, &match);
	message->roles = match.roles & roles;
	if (message->roles != 0)
		message->known_as = match.known_as;
}
