/*-------------------------------------------------------------------------
 * sms_form.c
 *	  The forms of messages about money; see sms_form.h.
 *
 * Sources are public: parsers of messages and their tests, and pages that
 * print messages.  What they have in common is here, in our own notation; no
 * text of theirs is.
 *------------------------------------------------------------------------- */
#include "features/sms_form.h"

#include <string.h>

#include "features/words.h"

#define LENGTH(array) ((int) (sizeof(array) / sizeof((array)[0])))

const CsSmsIssuer cs_sms_form_issuers[CS_SMS_ISSUERS] = {
	[CS_SMS_MPESA] = {"M-PESA", ",mpesa,fuliza,", "KES", 3},
	[CS_SMS_AIRTEL_MONEY] = {"Airtel Money", ",airtelmoney,", "KES", 3},
	[CS_SMS_KCB] = {"KCB", ",kcb,kcbbank,kcbgroup,", "KES", 3},
	[CS_SMS_EQUITY] = {"Equity", ",equitybank,equity,", "KES", 3},
	[CS_SMS_DTB] = {"DTB", ",dtb,dtbkenya,", "KES", 3},
	[CS_SMS_ACCESS] = {"Access Bank", ",accessbank,", "NGN", 1},
	[CS_SMS_FCMB] = {"FCMB", ",fcmb,", "NGN", 1},
	[CS_SMS_FIDELITY] = {"Fidelity Bank",
						 ",fidelity,fidelitybnk,fidelitybank,", "NGN", 1},
	[CS_SMS_FIRST_BANK] = {"First Bank", ",firstbank,fbnalert,", "NGN", 1},
	[CS_SMS_GTBANK] = {"GTBank", ",gtbank,gtb,", "NGN", 1},
	[CS_SMS_KEYSTONE] = {"Keystone Bank", ",keystone,keystonebnk,", "NGN", 1},
	[CS_SMS_OPAY] = {"OPay", ",opay,", "NGN", 1},
	[CS_SMS_UBA] = {"UBA", ",uba,ubaalert,", "NGN", 1},
	[CS_SMS_WEMA] = {"Wema Bank", ",wemabank,alat,", "NGN", 1},
	[CS_SMS_ZENITH] = {"Zenith Bank", ",zenithbank,zenith,", "NGN", 1},
	[CS_SMS_LENDER] = {"lender", "", NULL, 3},
	[CS_SMS_BOOKMAKER] = {"bookmaker", "", NULL, 3},
};

/* --- sources --- */

#define BY_SAMPLES \
	"messages of 2013 to 2026 in ngenohkevin/ledga, kevinbett/PesaScope and " \
	"others"
#define BY_PESAPI	 "pluspeople/pesaPi, messages of 2011 to 2014"
#define BY_PARSERS	 "Niccher/MPesa-Analyzer-WebApp and other parsers"
#define BY_AIRTEL	 "three public parsers of Airtel Money's messages, 2026"
#define BY_KENYA	 "a public parser of Kenyan banks' messages, 2026"
#define BY_EQUITY	 "a public parser of Equity's payment notices, 2026"
#define BY_NIGERIA	 "smartsmssolutions.com, alert formats; public parsers, 2026"
#define BY_PENNYWISE "sarim2000/pennywiseai-tracker, 2026"
#define BY_ALERTS \
	"tests of a public parser of Zenith's and Wema's alerts, 2026"
#define BY_PHRASES "phrases in public parsers; no lender's text is public"

/* --- pieces of patterns --- */

#define MPESA	"m[-[ ]]pesa"
#define MSHWARI "m[-[ ]]shwari"
#define HEAD	"{C} confirmed[.][,] "
#define WHEN	" on {D}[ at] {T}"
#define COST	"[.][ transaction cost[,] {F}]"
#define LEFT	"[.][.] new " MPESA "[ account] balance is {B}" COST

/* --- rows --- */

#define ROW(issuer, name, pattern, way, class, rail, alert, evidence, source) \
	{ \
		CS_SMS_##issuer, name, pattern, CS_SMS_##way, CS_MPESA_##class, \
			CS_RAIL_##rail, CS_SMS_##alert, CS_SMS_##evidence, source, NULL \
	}

/* A loan, and whose it is. */
#define LOAN_ROW(name, pattern, way, class, evidence, source, known_as) \
	{ \
		CS_SMS_MPESA, name, pattern, CS_SMS_##way, CS_MPESA_##class, \
			CS_RAIL_NONE, CS_SMS_NO_ALERT, CS_SMS_##evidence, source, \
			known_as \
	}

/* Money that moved by M-PESA, of which there are samples. */
#define MPESA_ROW(name, pattern, way, class, rail) \
	ROW(MPESA, name, pattern, way, class, rail, NO_ALERT, SAMPLES, BY_SAMPLES)

/* Nothing moved, for want of money. */
#define MPESA_SHORT(name, pattern, evidence) \
	ROW(MPESA, name, pattern, STILL, NOTHING, NONE, INSUFFICIENT, evidence, \
		BY_SAMPLES)

/* Alerts of banks: the way is in the text. */
#define BANK_ROW(issuer, name, pattern, evidence, source) \
	ROW(issuer, name, pattern, TOLD, TRANSACTION, NONE, NO_ALERT, evidence, \
		source)

/* What a lender writes. */
#define LENDER_ROW(name, pattern, alert) \
	ROW(LENDER, name, pattern, STILL, NOTHING, NONE, alert, PATTERN, \
		BY_PHRASES)

/* Of an issuer the first that matches holds. */
static const CsSmsForm forms[] = {
	/* Money that comes in. */
	MPESA_ROW("received.person",
			  "[congratulations! ]" HEAD
			  "you have received {A} from {P} {N}" WHEN LEFT,
			  IN, TRANSACTION, PERSON),
	MPESA_ROW("received.business",
			  "[congratulations! ]" HEAD
			  "you have received {A} from {P}" WHEN LEFT,
			  IN, TRANSACTION, BUSINESS),
	MPESA_ROW("received.pochi",
			  HEAD "you have received {A} from {P}" WHEN
				   "[.] new business balance is {O}",
			  STILL, NOTHING, SMALL_BUSINESS),
	MPESA_ROW("moved.pochi",
			  HEAD
			  "{A} has been moved from your business account to your " MPESA
			  " account" WHEN "[.][.] new business balance is {O}" LEFT,
			  IN, OWN, SMALL_BUSINESS),
	MPESA_ROW("deposited", HEAD "on {D} at {T} give {A} cash to {P}" LEFT, IN,
			  TRANSACTION, AGENT),

	/* Money that goes out; a paybill's account may be a phone number. */
	MPESA_ROW("sent.paybill", HEAD "{A} sent to {P} for account {X}" WHEN LEFT,
			  OUT, TRANSACTION, PAYBILL),
	MPESA_ROW("sent.person", HEAD "{A} sent to {P} {N}" WHEN LEFT, OUT,
			  TRANSACTION, PERSON),
	MPESA_ROW("sent.pochi", HEAD "{A} sent to {P}" WHEN LEFT, OUT, TRANSACTION,
			  SMALL_BUSINESS),
	MPESA_ROW("paid.till", HEAD "{A} paid to {P}[.]" WHEN LEFT, OUT,
			  TRANSACTION, TILL),
	MPESA_ROW("sent.fund", HEAD "you have sent {A} to {P}" WHEN LEFT, OUT,
			  TRANSACTION, PAYBILL),
	MPESA_ROW("withdrawn.agent",
			  HEAD "on {D} at {T} withdraw {A} from {P}" LEFT, OUT,
			  TRANSACTION, AGENT),
	ROW(MPESA, "withdrawn.atm",
		"{C} confirmed[.] on {D} at {T}[.] {A} withdrawn from {P}" LEFT, OUT,
		TRANSACTION, AGENT, NO_ALERT, PATTERN, BY_PESAPI),
	MPESA_ROW("airtime.self", HEAD "you bought {A} of airtime" WHEN LEFT, OUT,
			  AIRTIME, NONE),
	MPESA_ROW("airtime.other",
			  HEAD "you bought {A} of airtime for {P}" WHEN "[.] new[ " MPESA
				   "] balance is {B}" COST,
			  OUT, AIRTIME, NONE),

	/* Money that comes back, or is taken back. */
	MPESA_ROW("reversed.in",
			  HEAD "reversal of transaction {R} has been {X}" WHEN
				   " and {A}[ is][ has been] credited to your " MPESA
				   " account[" LEFT "]",
			  IN, REVERSAL, NONE),
	MPESA_ROW("reversed.out",
			  HEAD "reversal of transaction {R} has been {X}" WHEN
				   " and {A}[ is][ has been] debited from your " MPESA
				   " account[" LEFT "]",
			  OUT, REVERSAL, NONE),

	/* Accounts beside it. */
	MPESA_ROW("mshwari.in",
			  HEAD "{A} transferred to " MSHWARI " account" WHEN "[.] " MPESA
				   " balance is {B}[ [.] new " MSHWARI
				   " saving account balance is {O}]" COST,
			  OUT, OWN, SAVINGS),
	MPESA_ROW("mshwari.out",
			  HEAD "{A} transferred from " MSHWARI " account" WHEN
				   "[.] " MSHWARI " balance is {O} [.] " MPESA
				   " balance is {B} " COST,
			  IN, OWN, SAVINGS),
	ROW(MPESA, "mshwari.out.2013",
		HEAD "you have transferred {A} from your " MSHWARI " account" WHEN
			 "[" LEFT "]",
		IN, OWN, SAVINGS, NO_ALERT, PATTERN, BY_PESAPI),
	LOAN_ROW("mshwari.loan",
			 HEAD
			 "your " MSHWARI
			 " loan has been approved on {D}[ at] {T} and {A}[ less excise "
			 "duty] has been deposited to your " MPESA " account" LEFT,
			 IN, LOAN, SAMPLES, BY_SAMPLES, "M-Shwari"),
	LOAN_ROW("mshwari.repaid",
			 HEAD "loan of {A} repaid from " MPESA WHEN
				  "[.] loan balance is {L}" COST,
			 OUT, REPAYMENT, PATTERN, BY_PARSERS, "M-Shwari"),
	MPESA_ROW("kcb.out",
			  HEAD "you have transfer[r]ed {A} from your kcb " MPESA
				   " account" WHEN "[.] kcb " MPESA
				   " account balance is {O}" LEFT,
			  IN, OWN, SAVINGS),
	ROW(MPESA, "kcb.in",
		HEAD "{A} transfer[r]ed to kcb " MPESA " account" WHEN "[" LEFT "]",
		OUT, OWN, SAVINGS, NO_ALERT, PATTERN, BY_PARSERS),
	ROW(MPESA, "lock.in",
		HEAD "{A} transfer[r]ed to lock savings[ account]" WHEN "[" LEFT "]",
		OUT, OWN, SAVINGS, NO_ALERT, PATTERN, BY_PARSERS),
	LOAN_ROW("kcb.repaid",
			 HEAD "your loan repayment of {A} from your " MPESA
				  " account to kcb " MPESA WHEN " is successful[.] your " MPESA
				  " balance is {B}" COST,
			 OUT, REPAYMENT, SAMPLES, BY_SAMPLES, "KCB M-PESA"),

	/* The overdraft; a draw repeats the receipt of the payment. */
	ROW(MPESA, "fuliza.draw",
		HEAD
		"fuliza " MPESA
		" amount is {A}[.] [access fee][interest] charged {O}[.] total fuliza " MPESA
		" outstanding amount is {L}",
		IN, OVERDRAFT, NONE, NO_ALERT, SAMPLES, BY_SAMPLES),
	ROW(MPESA, "fuliza.repaid",
		HEAD "{A} from your " MPESA
			 " has been used to fully pay your outstanding fuliza " MPESA
			 "[[.] [your ]available fuliza " MPESA
			 " limit is {O}][[.] [your ]" MPESA " balance is {B}]",
		OUT, OVERDRAFT_REPAID, NONE, NO_ALERT, SAMPLES, BY_SAMPLES),
	ROW(MPESA, "fuliza.repaid.part",
		HEAD "{A} from your " MPESA
			 " has been used to partially pay your outstanding fuliza " MPESA
			 "[[.] [your ]available fuliza " MPESA
			 " limit is {O}][[.] [your ]" MPESA " balance is {B}]",
		OUT, OVERDRAFT_REPAID, NONE, NO_ALERT, SAMPLES, BY_SAMPLES),
	ROW(MPESA, "fuliza.limit",
		"dear {X}, your fuliza " MPESA
		" limit is {O}[[.] you have an outstanding amount of {L}]",
		STILL, NOTHING, NONE, NO_ALERT, SAMPLES, BY_SAMPLES),

	/* Nothing moves. */
	MPESA_ROW("balance",
			  HEAD "your account balance was: " MPESA
				   " account : {B}[ business account : {O}]" WHEN,
			  STILL, NOTHING, NONE),
	ROW(MPESA, "balance.2011", HEAD "your " MPESA " balance was {B}" WHEN,
		STILL, NOTHING, NONE, NO_ALERT, SAMPLES, BY_PESAPI),
	MPESA_SHORT("short.party",
				"failed[.] you do not have enough money in your " MPESA
				" account to [send][pay] {O} to {P}[.] your " MPESA
				" balance is {B}",
				SAMPLES),
	MPESA_SHORT("short.fuliza",
				"failed[.] insufficient funds in your " MPESA
				" account as well as fuliza " MPESA
				" to [send][pay] {O}[.] your " MPESA " balance[ is] {B}",
				SAMPLES),
	MPESA_SHORT(
		"short.card",
		"dear customer, you do not have sufficient funds in your " MPESA
		" account to pay {O} to {P}[.] your " MPESA " balance is {B}",
		SAMPLES),
	MPESA_SHORT("short.mshwari",
				"failed[.] you have insufficient funds in your " MSHWARI
				" account",
				SAMPLES),
	MPESA_SHORT("short.funds",
				"[failed[.] ]insufficient funds in your " MPESA " account",
				SAMPLES),
	MPESA_SHORT("short.money",
				"failed[.] you do not have enough money in your " MPESA
				" account",
				SAMPLES),
	MPESA_SHORT("short.swahili",
				"hakuna pesa za kutosha katika akaunti yako ya " MPESA,
				SAMPLES),
	MPESA_SHORT("short.limit", "you have reached your fuliza " MPESA " limit",
				PATTERN),
	MPESA_ROW("failed", "[transaction ]failed[.][,]", STILL, NOTHING, NONE),
	MPESA_ROW("cancelled", "you have cancelled the transaction of {O}", STILL,
			  NOTHING, NONE),

	/* In Swahili. */
	ROW(MPESA, "swahili.paybill",
		"{C} imethibitishwa[.] {A} imetumwa kwa {P} kwa akaunti nambari {X} "
		"tarehe {D} saa {T}[.] baki yako ya " MPESA
		" ni {B}[.][ gharama ya kutuma ni {F}]",
		OUT, TRANSACTION, PAYBILL, NO_ALERT, PATTERN, BY_SAMPLES),
	ROW(MPESA, "swahili.sent",
		"{C} imethibitishwa[.] {A} imetumwa kwa {P} {N} tarehe {D} saa {T}[.] "
		"baki yako ya " MPESA " ni {B}[.][ gharama ya kutuma ni {F}]",
		OUT, TRANSACTION, PERSON, NO_ALERT, SAMPLES, BY_SAMPLES),
	ROW(MPESA, "swahili.airtime",
		"{C} [imethibitishwa[.] ]umenunua {A} ya mjazo siku {D} saa {T}[.] baki "
		"mpya ya " MPESA " ni {B}",
		OUT, AIRTIME, NONE, NO_ALERT, SAMPLES, BY_SAMPLES),
	ROW(MPESA, "swahili.balance",
		"[{C} imethibitishwa[.] ]baki yako ni: akaunti ya " MPESA " : {B}",
		STILL, NOTHING, NONE, NO_ALERT, SAMPLES, BY_SAMPLES),
	ROW(MPESA, "swahili.received",
		"{C} imethibitishwa[.] umepokea {A} kutoka {P} {N} tarehe {D} saa {T}[.] "
		"baki [mpya ][yako ]ya " MPESA " ni {B}",
		IN, TRANSACTION, PERSON, NO_ALERT, PATTERN, BY_SAMPLES),

	/* Airtel Money in Kenya. */
	ROW(AIRTEL_MONEY, "airtel.sent",
		"{C}[.] {A} sent to {P} {N}" WHEN "[.] fee[:] {F}[.] bal[:] {B}", OUT,
		TRANSACTION, PERSON, NO_ALERT, SAMPLES, BY_AIRTEL),
	ROW(AIRTEL_MONEY, "airtel.received",
		"tid: {C}[.] received {A} from {P} {N}" WHEN "[.] bal[:] {B}", IN,
		TRANSACTION, PERSON, NO_ALERT, SAMPLES, BY_AIRTEL),
	ROW(AIRTEL_MONEY, "airtel.paid",
		"{C}[.] {A} paid to {P} account {X}" WHEN
		"[.] fee[:] {F}[.] bal[:] {B}",
		OUT, TRANSACTION, PAYBILL, NO_ALERT, SAMPLES, BY_AIRTEL),
	ROW(AIRTEL_MONEY, "airtel.bundle",
		"{C} confirmed[.] [you have successfully purchased a bundle of][bundle "
		"purchase successful of] {A} via {P}" WHEN
		"[.][ fee[:] {F}][.] bal[:] {B}",
		OUT, AIRTIME, NONE, NO_ALERT, SAMPLES, BY_AIRTEL),
	ROW(AIRTEL_MONEY, "airtel.airtime.line",
		"{C} successful[.] airtime top up for line {P} of {A} is "
		"successful[.] bal[:] {B}",
		OUT, AIRTIME, NONE, NO_ALERT, SAMPLES, BY_AIRTEL),
	ROW(AIRTEL_MONEY, "airtel.airtime",
		"{C} successful[.] airtime top up of {A} to {P}[.] bal[:] {B}", OUT,
		AIRTIME, NONE, NO_ALERT, SAMPLES, BY_AIRTEL),
	ROW(AIRTEL_MONEY, "airtel.failed",
		"your transaction has failed[.][ your airtel money balance is {B}]",
		STILL, NOTHING, NONE, NO_ALERT, SAMPLES, BY_AIRTEL),

	/* Banks in Kenya. */
	ROW(KCB, "kcb.debited",
		"[alert: ]your account[ no][.] {K} has been debited with {A} for {X} at {P} "
		"on {D}",
		OUT, TRANSACTION, NONE, NO_ALERT, SAMPLES, BY_KENYA),
	ROW(KCB, "kcb.credited",
		"[alert: ]your account[ no][.] {K} has been credited with {A} [from][by] "
		"{P} on {D}",
		IN, TRANSACTION, NONE, NO_ALERT, PATTERN, BY_KENYA),
	ROW(KCB, "kcb.charged",
		"[alert: ]a charge of {A} has been applied to your account[ no][.] {K} "
		"for {P} on {D}",
		OUT, FEE, NONE, NO_ALERT, PATTERN, BY_KENYA),
	ROW(EQUITY, "equity.collected",
		"confirmed {A} to {X} a/c ref[.][ ]number {X} via mpesa ref {C} by {P} "
		"phone {N}" WHEN,
		IN, TRANSACTION, BUSINESS, NO_ALERT, SAMPLES, BY_EQUITY),
	ROW(DTB, "dtb.sent",
		"dtb {A} kes has been [successfully ]sent to {P}[.] ref[.] {C}" WHEN,
		OUT, TRANSACTION, NONE, NO_ALERT, PATTERN, BY_KENYA),
	ROW(DTB, "dtb.debited",
		"dtb {A} kes has been debited from your account {K} for {X} at {P}[.] "
		"ref[.] {C}" WHEN,
		OUT, TRANSACTION, NONE, NO_ALERT, PATTERN, BY_KENYA),
	ROW(DTB, "dtb.credited",
		"dtb {A} kes has been [successfully ][credited][received] to your "
		"account {K} from {P}[.] ref[.] {C}" WHEN,
		IN, TRANSACTION, NONE, NO_ALERT, PATTERN, BY_KENYA),

	/* Banks in Nigeria. */
	BANK_ROW(
		ACCESS, "access",
		"{E} amt: {A} acc[t]: {K} desc: {P} [date][time]: {D}[ {T}] avail "
		"bal: {B}",
		SAMPLES, BY_NIGERIA),
	BANK_ROW(FCMB, "fcmb",
			 "{E} amt: {A} ac: {K} desc: {P} dt: {D} {T} bal: {B}", SAMPLES,
			 BY_NIGERIA),
	BANK_ROW(FIDELITY, "fidelity",
			 "acct: {K} {E}: {A} desc: {P} dt: {D} {T}{X} bal: {B}", PATTERN,
			 BY_NIGERIA),
	BANK_ROW(FIRST_BANK, "firstbank",
			 "{E}: {K} amt: {A} date: {D} {T} desc: {P} bal: {B}", SAMPLES,
			 BY_NIGERIA),
	ROW(FIRST_BANK, "firstbank.credited",
		"your acct {K} has been credited with {A} {P} bal: {B}", IN,
		TRANSACTION, NONE, NO_ALERT, PATTERN, BY_NIGERIA),
	BANK_ROW(GTBANK, "gtbank",
			 "acct: {K} amt: {A} {E} desc: {P} avail bal: {B} date: {D} {T}",
			 SAMPLES, BY_NIGERIA),
	BANK_ROW(GTBANK, "gtbank.compact",
			 "acct: {K} amt: {A} {E} desc: {P} bal: {B} date: {D} {T}",
			 SAMPLES, BY_NIGERIA),
	BANK_ROW(KEYSTONE, "keystone",
			 "{E}[!] acct: {K} amt: {A} desc: {P} date: {D} {T} bal: {B}",
			 SAMPLES, BY_PENNYWISE),
	ROW(OPAY, "opay.debited",
		"dear opay user, {A} has been debited for {P} on {D} {T}", OUT,
		TRANSACTION, NONE, NO_ALERT, SAMPLES, BY_PENNYWISE),
	ROW(OPAY, "opay.credited",
		"dear opay user, {A} has been credited {P} on {D} {T}", IN,
		TRANSACTION, NONE, NO_ALERT, PATTERN, BY_PENNYWISE),
	BANK_ROW(UBA, "uba",
			 "txn: {E} ac: {K} amt: {A} des: {P} date: {D} {T} bal: {B}",
			 SAMPLES, BY_NIGERIA),
	BANK_ROW(WEMA, "wema",
			 "{E}: {A} acct no: {K} desc : {P} bal : {B} {D} {T}", SAMPLES,
			 BY_ALERTS),
	ROW(ZENITH, "zenith", "acct: {K} dt: {D}[:] {T} {P} {E} amt: {A} bal: {B}",
		TOLD_SIGNED, TRANSACTION, NONE, NO_ALERT, SAMPLES, BY_ALERTS),

	/* Lenders, of whatever name. */
	LENDER_ROW("lender.declined",
			   "{S}your {S}application{S}[has been][was] declined", DECLINED),
	LENDER_ROW("lender.declined.loan",
			   "{S}your {S}loan[ request][ of {O}][ for {O}] [has been][was] "
			   "declined",
			   DECLINED),
	LENDER_ROW("lender.unqualified",
			   "{S}you [currently ]do not [currently ]qualify", DECLINED),
	LENDER_ROW("lender.unqualified.past", "{S}you did not qualify", DECLINED),
	LENDER_ROW("lender.unqualified.short", "{S}you don't [currently ]qualify",
			   DECLINED),
	LENDER_ROW("lender.overdue", "{S}your {S}loan{S} overdue", MISSED),
	LENDER_ROW("lender.overdue.payment", "{S}your {S}payment{S} overdue",
			   MISSED),
	LENDER_ROW("lender.overdue.have", "{S}you have an overdue {S}loan",
			   MISSED),
	LENDER_ROW("lender.past_due", "{S}your {S}loan{S} past due", MISSED),
	LENDER_ROW("lender.past_due.payment", "{S}your {S}payment{S} past due",
			   MISSED),
	LENDER_ROW("lender.defaulted", "{S}your {S}loan{S} in default", DEFAULTED),
	LENDER_ROW("lender.in_default", "{S}you are {S}in default", DEFAULTED),
	LENDER_ROW("lender.has_defaulted", "{S}you have defaulted", DEFAULTED),
};

const CsSmsForm *
cs_sms_form_at(int position)
{
	return position < LENGTH(forms) ? &forms[position] : NULL;
}

/* --- senders --- */

/* Longer than any of the senders above. */
#define SENDER_MAX 32

/* What stands between the words of a sender. */
static bool
is_between(char c)
{
	return c == ' ' || c == '-' || c == '_' || c == '.' || c == '\'';
}

/*
 * Letters and digits in lower case, with a comma before and after; false: it
 * has what none of the senders above has, and is somebody else.
 */
static bool
plain_sender(const char *sender, size_t len, char *plain)
{
	size_t n = 0;

	plain[n++] = ',';
	for (size_t i = 0; i < len; i++)
	{
		char c = cs_words_fold(sender[i]);
		bool named = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (n == SENDER_MAX || (!named && !is_between(c)))
			return false;
		if (named)
			plain[n++] = c;
	}
	plain[n] = ',';
	plain[n + 1] = '\0';
	return n > 1;
}

CsSmsIssuerId
cs_sms_form_issuer(const char *sender, size_t len)
{
	char plain[SENDER_MAX + 2];

	if (plain_sender(sender, len, plain))
		for (int i = 0; i < CS_SMS_ISSUERS; i++)
			if (strstr(cs_sms_form_issuers[i].senders, plain) != NULL)
				return i;
	return CS_SMS_ISSUERS;
}
