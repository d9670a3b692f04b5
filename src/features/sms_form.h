/*-------------------------------------------------------------------------
 * sms_form.h
 *	  The forms of messages about money that are known, one row each.
 *
 * Nobody publishes them; each has a source, and says how good that is.  A text
 * in no form of its sender is not understood, and nothing is guessed of it.
 *------------------------------------------------------------------------- */
#ifndef CS_SMS_FORM_H
#define CS_SMS_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "features/mpesa.h"

/* Whose messages they are, and which account they tell of. */
typedef enum CsSmsIssuerId
{
	CS_SMS_MPESA,
	CS_SMS_AIRTEL_MONEY,
	CS_SMS_KCB,
	CS_SMS_EQUITY,
	CS_SMS_DTB,
	CS_SMS_ACCESS,
	CS_SMS_FCMB,
	CS_SMS_FIDELITY,
	CS_SMS_FIRST_BANK,
	CS_SMS_GTBANK,
	CS_SMS_KEYSTONE,
	CS_SMS_OPAY,
	CS_SMS_UBA,
	CS_SMS_WEMA,
	CS_SMS_ZENITH,
	CS_SMS_LENDER,	  /* any whom credscore.party calls a lender */
	CS_SMS_BOOKMAKER, /* any whom it calls a bookmaker; has no forms */
	CS_SMS_ISSUERS
} CsSmsIssuerId;

typedef struct CsSmsIssuer
{
	const char *name;	  /* as SQL has it */
	const char *senders;  /* letters and digits of their addresses, in lower
						   * case, each with a comma before and after */
	const char *currency; /* ISO 4217; NULL: not known */
	int			zone;	  /* hours east of UTC, all year */
} CsSmsIssuer;

extern const CsSmsIssuer cs_sms_form_issuers[CS_SMS_ISSUERS];

/* Which way the money of the account went. */
typedef enum CsSmsWay
{
	CS_SMS_STILL, /* none moved */
	CS_SMS_IN,
	CS_SMS_OUT,
	CS_SMS_TOLD,	   /* the text says it */
	CS_SMS_TOLD_SIGNED /* the text says it, and turns it by a sign */
} CsSmsWay;

/* What a text tells beside or instead of money that moved. */
typedef enum CsSmsAlert
{
	CS_SMS_NO_ALERT,
	CS_SMS_INSUFFICIENT, /* funds, for what was tried */
	CS_SMS_DECLINED,	 /* a loan */
	CS_SMS_MISSED,		 /* a loan's payment */
	CS_SMS_DEFAULTED,	 /* on a loan */
	CS_SMS_ALERTS
} CsSmsAlert;

/* How good the source is. */
typedef enum CsSmsEvidence
{
	CS_SMS_SAMPLES, /* texts that look as if they were received */
	CS_SMS_PATTERN, /* what a public parser looks for */
	CS_SMS_EVIDENCES
} CsSmsEvidence;

/*
 * How a text begins.  In a pattern, which is in lower case, a blank stands for
 * any white space, also none, and what is in brackets may be absent.  Fields:
 *
 *	{C} receipt				{A} amount				{B} balance then
 *	{F} charge				{L} debt then			{O} another amount
 *	{D} date				{T} time of day			{E} debit or credit
 *	{N} phone number		{R} receipt of what is taken back
 *	{P} party, any text up to where the rest fits	{X} the same, ignored
 *	{K} number of the account, likewise
 *	{S} the same in a sentence, without words that turn what it says
 *
 * {P}, {K}, {S} and {X} stand in no brackets.  A lender's form is one of a
 * sentence, wherever in the text that is.
 */
typedef struct CsSmsForm
{
	CsSmsIssuerId issuer;
	const char	 *name; /* unique */
	const char	 *pattern;
	CsSmsWay	  way;
	CsMpesaClass class;
	CsMpesaRail	  rail;
	CsSmsAlert	  alert;
	CsSmsEvidence evidence;
	const char	 *source;
	const char	 *known_as; /* whose loan it is; NULL: the party says it */
} CsSmsForm;

/* By position; those of an issuer follow each other.  NULL beyond the last. */
extern const CsSmsForm *cs_sms_form_at(int position);

/* The issuer with that sender; CS_SMS_ISSUERS: none. */
extern CsSmsIssuerId cs_sms_form_issuer(const char *sender, size_t len);

#endif /* CS_SMS_FORM_H */
