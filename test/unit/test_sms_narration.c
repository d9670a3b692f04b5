/*
 * test_sms_narration.c
 *	  What is read of the narrations of banks: kinds of transactions, and parts
 *	  that may be the name of a business.
 */
#include "features/sms_narration.h"

#include "tap.h"

/* What a debit and a credit is by its narration. */
static const struct
{
	const char	*narration;
	CsMpesaClass debit;
	CsMpesaClass credit;
} kinds[] = {
	{"REVERSAL OF POS PURCHASE", CS_MPESA_REVERSAL, CS_MPESA_REVERSAL},
	{"***RSVL NIP CR//JUMA MFANO", CS_MPESA_REVERSAL, CS_MPESA_REVERSAL},
	{"RVSL:TRF TO MFANO", CS_MPESA_REVERSAL, CS_MPESA_REVERSAL},
	{"POS REVERSAL", CS_MPESA_REVERSAL, CS_MPESA_REVERSAL},
	{"NIP FROM JUMA REVERSAL", CS_MPESA_TRANSACTION, CS_MPESA_TRANSACTION},
	{"SMS CHARGES OCT", CS_MPESA_FEE, CS_MPESA_TRANSACTION},
	{"STAMP DUTY CHARGE FOR TRXNS BTW 21-09-2026 TO 25-09-2026", CS_MPESA_FEE,
	 CS_MPESA_TRANSACTION},
	{"VAT ON SMS ALERT", CS_MPESA_FEE, CS_MPESA_TRANSACTION},
	{"ELECTRONIC MONEY TRANSFER LEVY", CS_MPESA_FEE, CS_MPESA_TRANSACTION},
	{"Card Maintenance Fee", CS_MPESA_FEE, CS_MPESA_TRANSACTION},
	{"SCHOOL FEES JUMA", CS_MPESA_TRANSACTION, CS_MPESA_TRANSACTION},
	{"FEES TERM 1", CS_MPESA_TRANSACTION, CS_MPESA_TRANSACTION},
	{"TRF TO JANE CHARGE", CS_MPESA_TRANSACTION, CS_MPESA_TRANSACTION},
	{"AIRTIME MTN", CS_MPESA_AIRTIME, CS_MPESA_TRANSACTION},
	{"MTN DATA 500MB", CS_MPESA_AIRTIME, CS_MPESA_TRANSACTION},
	{"USSD/AIRTEL VTU", CS_MPESA_AIRTIME, CS_MPESA_TRANSACTION},
	{"MTN", CS_MPESA_TRANSACTION, CS_MPESA_TRANSACTION},
	{"DATA ENTRY JOB", CS_MPESA_TRANSACTION, CS_MPESA_TRANSACTION},
	{"SALARY", CS_MPESA_TRANSACTION, CS_MPESA_TRANSACTION},
	{"", CS_MPESA_TRANSACTION, CS_MPESA_TRANSACTION},
	{"//", CS_MPESA_TRANSACTION, CS_MPESA_TRANSACTION},
};

static const struct
{
	const char *narration;
	const char *parts; /* each in brackets */
} parted[] = {
	{"POS TRF/MFANO SHOP/LAGOS NG", "[MFANO SHOP][LAGOS]"},
	{"NIP FROM JUMA MFANO", "[JUMA MFANO]"},
	{"POS Buy on 05-08-2026@Mfano", "[on][Mfano]"},
	{"LOT TO BUY LAND", "[LOT TO BUY LAND]"},
	{"|MFANO0001|RPMT-FAST", "[MFANO0001][RPMT-FAST]"},
	{"a POS PURCHASE at MFANO, INC.", "[MFANO][INC]"},
	{"NIP CR/12345/ 0700***001", ""},
	{"", ""},
};

int
main(void)
{
	for (size_t i = 0; i < lengthof(kinds); i++)
	{
		CsSmsSpan span = {kinds[i].narration, strlen(kinds[i].narration)};

		is_int(cs_sms_narration_class(&span, true), kinds[i].debit,
			   "a debit: %s", kinds[i].narration);
		is_int(cs_sms_narration_class(&span, false), kinds[i].credit,
			   "a credit: %s", kinds[i].narration);
	}
	for (size_t i = 0; i < lengthof(parted); i++)
	{
		const char *text = parted[i].narration;
		CsSmsRest	rest = {text, text + strlen(text)};
		CsSmsSpan	part;
		char		told[256] = "";

		while (cs_sms_narration_next(&rest, &part))
			sprintf(told + strlen(told), "[%.*s]", (int) part.len, part.text);
		is_text(told, parted[i].parts, "the parts of %s", text);
	}
	return done_testing();
}
