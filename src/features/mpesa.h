/*-------------------------------------------------------------------------
 * mpesa.h
 *	  What a row of an M-Pesa statement is, by its "Details" text.
 *
 * Texts are not terminated and belong to the caller; nothing is
 * allocated.  Case and the amount of white space never matter, and letters
 * are those of ASCII.
 *------------------------------------------------------------------------- */
#ifndef CS_MPESA_H
#define CS_MPESA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether it is a credit or a debit the amounts say, not the text. */
typedef enum CsMpesaClass
{
	CS_MPESA_TRANSACTION = 0, /* also every text that is not known */
	CS_MPESA_REVERSAL,		  /* takes another row back */
	CS_MPESA_NOTHING,		  /* a request, which moves no money */
	CS_MPESA_AIRTIME,		  /* airtime or bundles bought */
	CS_MPESA_OWN,			  /* with an account of the same customer */
	CS_MPESA_LOAN,			  /* a loan paid out */
	CS_MPESA_REPAYMENT,		  /* of such a loan */
	CS_MPESA_FEE,			  /* the charge for another row */
	CS_MPESA_OVERDRAFT,		  /* what Fuliza adds for another row */
	CS_MPESA_OVERDRAFT_REPAID,
	CS_MPESA_CLASSES
} CsMpesaClass;

/* On which way the money went; of a row without another party: none. */
typedef enum CsMpesaRail
{
	CS_RAIL_NONE = 0,
	CS_RAIL_PERSON,
	CS_RAIL_SMALL_BUSINESS, /* Pochi la Biashara, a person's second account */
	CS_RAIL_PAYBILL,
	CS_RAIL_TILL,
	CS_RAIL_BUSINESS, /* a business pays out */
	CS_RAIL_SALARY,
	CS_RAIL_PROMOTION,
	CS_RAIL_AGENT, /* cash */
	CS_RAIL_BANK,
	CS_RAIL_INTERNATIONAL,
	CS_RAIL_FUND, /* unit trusts, shares */
	CS_RAIL_SAVINGS,
	CS_RAILS
} CsMpesaRail;

/* Whose statement a row can be of; 0: of anybody's. */
typedef enum CsMpesaHolder
{
	CS_HOLDER_ANY = 0,
	CS_HOLDER_CONSUMER,
	CS_HOLDER_TILL,
	CS_HOLDER_PAYBILL,
	CS_HOLDER_ORGANISATION, /* of a till or of a paybill */
	CS_HOLDERS
} CsMpesaHolder;

/* What a party may be; a party can be several. */
typedef enum CsPartyRole
{
	CS_PARTY_BETTING = 1,
	CS_PARTY_LENDER = 2,
	CS_PARTY_OWN_ACCOUNT = 4,
	CS_PARTY_AIRTIME = 8
} CsPartyRole;

typedef struct CsMpesaRow
{
	CsMpesaClass class;
	CsMpesaRail	  rail;
	CsMpesaHolder holder;
	bool		  fuliza;	 /* says that it was paid with the overdraft */
	int			  roles;	 /* which roles its party may have here */
	const char	 *party;	 /* in the text, with its number; NULL: none */
	size_t		  party_len; /* without the account and what follows */
	const char	 *reverses;	 /* receipt in the text, of a reversal; or NULL */
	const char	 *known_as;	 /* whose loan it is, of those that are known; of
							  * others the party is what the loan is called */
} CsMpesaRow;

/* A receipt has so many characters. */
#define CS_MPESA_RECEIPT 10

extern void cs_mpesa_classify(const char *text, size_t len, CsMpesaRow *row);

#endif /* CS_MPESA_H */
