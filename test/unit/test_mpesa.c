/*
 * test_mpesa.c
 *	  Details of statement rows: what each kind is, who its party is, words.
 */
#include "features/mpesa.h"
#include "features/words.h"

#include "tap.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

#define NONE	  CS_MPESA_NOTHING
#define TXN		  CS_MPESA_TRANSACTION
#define REVERSAL  CS_MPESA_REVERSAL
#define AIR		  CS_MPESA_AIRTIME
#define OWN		  CS_MPESA_OWN
#define LOAN	  CS_MPESA_LOAN
#define REPAID	  CS_MPESA_REPAYMENT
#define FEE		  CS_MPESA_FEE
#define OVERDRAFT CS_MPESA_OVERDRAFT
#define OD_REPAID CS_MPESA_OVERDRAFT_REPAID

#define ALL \
	(CS_PARTY_BETTING | CS_PARTY_LENDER | CS_PARTY_OWN_ACCOUNT | \
	 CS_PARTY_AIRTIME)
#define TILL   (CS_PARTY_BETTING | CS_PARTY_AIRTIME)
#define PAYOUT (CS_PARTY_BETTING | CS_PARTY_LENDER | CS_PARTY_OWN_ACCOUNT)

typedef struct RowCase
{
	const char *text;
	CsMpesaClass class;
	const char *party; /* NULL: none */
	int			roles;
	bool		fuliza;
} RowCase;

static const RowCase rows[] = {
	/* fees: named so, and without a party */
	{"Customer Transfer of Funds Charge", FEE, NULL, 0, false},
	{"Customer Send Money To Unregistered User Charge", FEE, NULL, 0, false},
	{"Pay Bill Charge", FEE, NULL, 0, false},
	{"Pay Merchant Charge", FEE, NULL, 0, false},
	{"Withdrawal Charge", FEE, NULL, 0, false},
	{"  withdrawal\n CHARGE ", FEE, NULL, 0, false},
	{"Merchant Payment to 000111 - MFANO EV CHARGE", TXN,
	 "000111 - MFANO EV CHARGE", TILL, false},
	{"Pay Bill Charge Online", FEE, NULL, 0, false},
	{"Pay Bill\rCharge Online ", FEE, NULL, 0, false},
	{"Pay Bill Online Charge", FEE, NULL, 0, false},
	{"Pay Bill Online to 000111 - EV Charge Online", TXN,
	 "000111 - EV Charge Online", ALL, false},
	{"Charge Online", TXN, NULL, 0, false},
	{"Pay Bill Charges", TXN, NULL, 0, false},
	{"Recharge", TXN, NULL, 0, false},
	{"Charge", TXN, NULL, 0, false},

	/* the overdraft */
	{"OverDraft of Credit Party", OVERDRAFT, NULL, 0, false},
	{"Overdraft of Credit Party - Fuliza M-PESA", OVERDRAFT, NULL, 0, false},
	{"OD Loan Repayment to 232323 - M-PESA Overdraw", OD_REPAID,
	 "232323 - M-PESA Overdraw", 0, false},
	{"OD Loan Repayment to 232323 - REVERSAL", OD_REPAID, "232323 - REVERSAL",
	 0, false},

	/* reversals of whatever */
	{"Send Money Reversal", REVERSAL, NULL, 0, false},
	{"Pay Utility Reversal by 000111 - MFANO POWER", REVERSAL, NULL, 0, false},
	{"GlobalPay reversal from MFANO", REVERSAL, NULL, 0, false},
	{"Airtime Purchase Reversal", REVERSAL, NULL, 0, false},
	{"Pay Bill Reversal to 955100 - MFANO BETS", REVERSAL, NULL, 0, false},
	{"Reversals", REVERSAL, NULL, 0, false},
	/* and not what somebody is called */
	{"Pay Bill Fuliza M-Pesa to 955100 - MFANO BETS Reversal", TXN,
	 "955100 - MFANO BETS Reversal", ALL, true},
	{"Pay Bill to 400200 - REVERSAL OF DEBT MINISTRIES Acc. 1", TXN,
	 "400200 - REVERSAL OF DEBT MINISTRIES", ALL, false},
	{"Funds received from 2547***001 - JANE REVERSAL", TXN,
	 "2547***001 - JANE REVERSAL", 0, false},
	{"Funds received from JANE REVERSAL", TXN, "JANE REVERSAL", 0, false},
	{"Something new - JANE REVERSAL", TXN, NULL, 0, false},
	{"Something new - JANE CHARGE", TXN, NULL, 0, false},
	{"Funds received from - JANE CHARGE", TXN, "JANE CHARGE", 0, false},
	{"Merchant Payment to SOLAR CHARGE", TXN, "SOLAR CHARGE", TILL, false},
	{"M-Shwari Deposit REVERSAL", REVERSAL, NULL, 0, false},

	/* airtime and bundles */
	{"Airtime Purchase", AIR, NULL, 0, false},
	{"Airtime Purchase With Fuliza", AIR, NULL, 0, true},
	{"Airtime Purchase For Other 2547***001", AIR, NULL, 0, false},
	{"Airtime Purchase With Fuliza For Other 2547***001", AIR, NULL, 0, true},
	{"Customer Bundle Purchase to 826915Safaricom Offers by -0700***001", AIR,
	 "826915Safaricom Offers", 0, false},
	{"Customer Bundle Purchase with Fuliza to 826915Safaricom Offers by -0700***001",
	 AIR, "826915Safaricom Offers", 0, true},
	{"Customer Bundle Purchase to 4093441 - SAFARICOM DATA BUNDLES by - 2547******219",
	 AIR, "4093441 - SAFARICOM DATA BUNDLES", 0, false},
	{"Recharge for Customer To 0700***001", AIR, "0700***001", 0, false},
	{"Recharge for Customer With Fuliza To 0700***001", AIR, "0700***001", 0,
	 true},
	{"Buy Bundles Online", AIR, NULL, 0, false},
	{"Buy Bundles with Fuliza", AIR, NULL, 0, true},
	{"Buy Bundlesome", TXN, NULL, 0, false},

	/* people */
	{"Customer Transfer to 0700***001 - JUMA MFANO", TXN,
	 "0700***001 - JUMA MFANO", 0, false},
	{"Customer Transfer to - 0700***001 JUMA MFANO", TXN,
	 "0700***001 JUMA MFANO", 0, false},
	{"Customer Transfer Fuliza MPesa to - 0700***001 JUMA MFANO", TXN,
	 "0700***001 JUMA MFANO", 0, true},
	{"Customer Transfer Fuliza M-Pesa to - 0700***001 JUMA MFANO", TXN,
	 "0700***001 JUMA MFANO", 0, true},
	{"Customer Transfer Fuliza M-\nPesa to - 0700***001 JUMA MFANO", TXN,
	 "0700***001 JUMA MFANO", 0, true},
	{"Customer Transfer Fuliza M- Pesa to - 0700***001 JUMA MFANO", TXN,
	 "0700***001 JUMA MFANO", 0, true},
	{"Intimate Card Customer Transfer to 0700***001 - MFANO", TXN,
	 "0700***001 - MFANO", 0, false},
	{"Offnet C2B Transfer to 000111 - MFANO for Mobile No. 0700***001", TXN,
	 "000111 - MFANO", 0, false},
	{"Funds received from 0700***001 - NEEMA MFANO", TXN,
	 "0700***001 - NEEMA MFANO", 0, false},
	{"Funds received from - 0700***001 NEEMA MFANO", TXN,
	 "0700***001 NEEMA MFANO", 0, false},
	{"Customer Payment to Small Business to - 0700***001 MFANO", TXN,
	 "0700***001 MFANO", 0, false},
	{"Customer Send Money to Micro SME Business to - 0700***001 MFANO", TXN,
	 "0700***001 MFANO", 0, false},
	{"Customer Send Money to Micro SME Business with Fuliza MPesa to - 0700***001 MFANO",
	 TXN, "0700***001 MFANO", 0, true},

	/* businesses, whose party may tell more */
	{"Pay Bill to 000111 - MFANO POWER Acc. 22 33", TXN,
	 "000111 - MFANO POWER", ALL, false},
	{"Pay Bill Online to 000111 - MFANO POWER Acc. 955100", TXN,
	 "000111 - MFANO POWER", ALL, false},
	{"Pay Bill Fuliza M-Pesa to 000111 - MFANO POWER Acc. 1", TXN,
	 "000111 - MFANO POWER", ALL, true},
	{"Pay Bill Online Fuliza M-Pesa to 000111 - MFANO", TXN, "000111 - MFANO",
	 ALL, true},
	{"pay  bill\tto\n000111 -\nMFANO\n POWER \n Acc. 1", TXN,
	 "000111 -\nMFANO\n POWER", ALL, false},
	{"Card Pay Bill Online to 903470 - M-PESA GlobalPay Acc. MFANO", TXN,
	 "903470 - M-PESA GlobalPay", ALL, false},
	{"Merchant Payment to 000111 - MFANO SHOP", TXN, "000111 - MFANO SHOP",
	 TILL, false},
	{"Merchant Payment Online to 000111 - MFANO SHOP", TXN,
	 "000111 - MFANO SHOP", TILL, false},
	{"Merchant Payment Fuliza M-Pesa to 000111 - MFANO SHOP", TXN,
	 "000111 - MFANO SHOP", TILL, true},
	{"Merchant Payment Online Fuliza M-Pesa Online to 000111 - MFANO", TXN,
	 "000111 - MFANO", TILL, true},
	{"Business Payment from 000111 - MFANO Bulk via API. Original conversation ID is MFANO-1.",
	 TXN, "000111 - MFANO Bulk", PAYOUT, false},
	{"Business Payment from 000111 - MFANO Bulk", TXN, "000111 - MFANO Bulk",
	 PAYOUT, false},
	{"Salary Payment from 000111 - MFANO LTD via API", TXN,
	 "000111 - MFANO LTD", PAYOUT, false},
	{"Promotion Payment from 000111 - MFANO", TXN, "000111 - MFANO", PAYOUT,
	 false},
	{"Merchant Customer Payment from 000111 - MFANO", TXN, "000111 - MFANO",
	 PAYOUT, false},
	{"Pay Bill to 000111 - TALA Acc 123", TXN, "000111 - TALA", ALL, false},
	{"Pay Bill to 000111 - TALA Acc: 123", TXN, "000111 - TALA", ALL, false},
	{"Merchant Payment to 000111 - NAIROBI ACC CLUB", TXN,
	 "000111 - NAIROBI ACC CLUB", TILL, false},

	/* cash, banks, abroad, funds */
	{"Customer Withdrawal At Agent Till 000111 - MFANO AGENCY", TXN,
	 "000111 - MFANO AGENCY", 0, false},
	{"Deposit of Funds at Agent Till 000111 - MFANO AGENCY", TXN,
	 "000111 - MFANO AGENCY", 0, false},
	{"Transfer from Bank 000111 - MFANO BANK", TXN, "000111 - MFANO BANK", 0,
	 false},
	{"Receive International Transfer From 000111 - MFANO", TXN,
	 "000111 - MFANO", 0, false},
	{"Receive International Zero Rated Transfer From 000111 - MFANO", TXN,
	 "000111 - MFANO", 0, false},
	{"Unit Trust Invest To 000111 - MFANO", TXN, "000111 - MFANO", 0, false},
	{"Unit Trust Withdraw From 000111 - MFANO", TXN, "000111 - MFANO", 0,
	 false},
	{"Sell Shares Payment by 000111 - MFANO", TXN, "000111 - MFANO", 0, false},

	/* accounts of the same customer, and their loans */
	{"M-Shwari Deposit", OWN, NULL, 0, false},
	{"M-Shwari Lock Deposit", OWN, NULL, 0, false},
	{"M- Shwari Lock Deposit", OWN, NULL, 0, false},
	{"Small Business Withdrawal from Business Account to MPESA Account by - 2547***001 MFANO",
	 OWN, NULL, 0, false},
	{"KCB M-\nPESA Lock Deposit", OWN, NULL, 0, false},
	{"KCB M-PESA Target Withdraw", OWN, NULL, 0, false},
	{"Term Loan Repayment", REPAID, NULL, 0, false},
	{"M-Shwari Withdraw", OWN, NULL, 0, false},
	{"MShwari Withdraw", OWN, NULL, 0, false},
	{"M-Shwari Loan Disburse", LOAN, NULL, 0, false},
	{"M-Shwari Loan Disbursement", LOAN, NULL, 0, false},
	{"Term Loan Disbursement", LOAN, NULL, 0, false},
	{"M-Shwari Loan Repayment", REPAID, NULL, 0, false},
	{"KCB M-PESA Loan Repayment", REPAID, NULL, 0, false},
	{"KCB M-PESA Loan Disbursement", LOAN, NULL, 0, false},
	{"Hustler Fund Loan Disbursed", LOAN, NULL, 0, false},
	{"Hustler Fund Loan Repayment - 1", REPAID, NULL, 0, false},
	{"Stawi Biashara Loan Repayment", REPAID, "Stawi Biashara", 0, false},
	{"Loan Repayment", REPAID, NULL, 0, false},
	{"Loan Disbursement", LOAN, NULL, 0, false},
	{"Fuliza Loan Request", NONE, "Fuliza", 0, false},
	{"Fuliza Loan Repayment", OD_REPAID, NULL, 0, false},
	{"Fuliza M-PESA Loan Disbursement", OVERDRAFT, NULL, 0, false},
	{"Pay Bill to 000111 - MFANO LOAN REPAYMENT Acc. 1", TXN,
	 "000111 - MFANO LOAN REPAYMENT", ALL, false},
	{"M-Shwari Loan Request", NONE, NULL, 0, false},
	{"KCB M-PESA Loan Request", NONE, NULL, 0, false},
	{"KCB M-PESA Deposit", OWN, NULL, 0, false},
	{"KCB M-PESA Target Deposit", OWN, NULL, 0, false},
	{"KCB M-PESA Target First Deposit", OWN, NULL, 0, false},
	{"KCB M-PESA Withdraw", OWN, NULL, 0, false},

	/* of tills and paybills */
	{"Merchant Payment from 2547***001 - NEEMA MFANO", TXN,
	 "2547***001 - NEEMA MFANO", 0, false},
	{"Pay Bill Online from 2547***001 - NEEMA MFANO Acc. 7", TXN,
	 "2547***001 - NEEMA MFANO", 0, false},
	{"Merchant Account to Organization Settlement Account", OWN, NULL, 0,
	 false},
	{"Utility Account to Organization Settlement", OWN, NULL, 0, false},
	{"Organisation Settlement to Bank", OWN, NULL, 0, false},
	{"Pay merchant Charge", FEE, NULL, 0, false},

	/* whatever else is a transaction */
	{"", TXN, NULL, 0, false},
	{"   ", TXN, NULL, 0, false},
	{"Pay Bill", TXN, NULL, 0, false},
	{"Pay Bill to", TXN, NULL, 0, false},
	{"Pay Bill to ", TXN, "", ALL, false},
	{"Not Airtime Purchase", TXN, NULL, 0, false},
	{"Malipo kwa MFANO", TXN, NULL, 0, false},
};

static void
test_rows(void)
{
	for (int i = 0; i < COUNT(rows); i++)
	{
		const RowCase *expected = &rows[i];
		CsMpesaRow	   row;
		char		   party[200];

		cs_mpesa_classify(expected->text, strlen(expected->text), &row);
		is_int(row.class, expected->class, "\"%s\": class", expected->text);
		if (row.party != NULL)
			snprintf(party, sizeof(party), "%.*s", (int) row.party_len,
					 row.party);
		is_text(row.party != NULL ? party : NULL, expected->party, "party");
		is_int(row.roles, expected->roles, "roles of the party");
		is_int(row.fuliza, expected->fuliza, "paid with the overdraft");
	}
}

/*
 * Each beginning that is documented, by itself and with whatever follows it,
 * in each way of saying that the overdraft paid, is of one class.
 */
static void
test_beginnings(void)
{
	static const struct
	{
		const char *text;
		CsMpesaClass class;
		bool with_fuliza;
	} beginnings[] = {
		{"Airtime Purchase", AIR, true},
		{"Customer Bundle Purchase", AIR, true},
		{"Recharge for Customer", AIR, true},
		{"Buy Bundles", AIR, true},
		{"M-Shwari Deposit", OWN, false},
		{"M-Shwari Withdraw", OWN, false},
		{"M-Shwari Withdrawal", OWN, false},
		{"M-Shwari Lock", OWN, false},
		{"KCB M-PESA Deposit", OWN, false},
		{"KCB M-PESA Lock", OWN, false},
		{"KCB M-PESA Target", OWN, false},
		{"KCB M-PESA Withdraw", OWN, false},
		{"Small Business Withdrawal from Business Account", OWN, false},
		{"M-Shwari Loan Disburse", LOAN, false},
		{"KCB M-PESA Loan Disbursement", LOAN, false},
		{"Hustler Fund Loan Disburse", LOAN, false},
		{"Term Loan Disbursement", LOAN, false},
		{"M-Shwari Loan Repayment", REPAID, false},
		{"Loan Repayment", REPAID, false},
		{"M-Shwari Loan Request", NONE, false},
		{"Fuliza Loan Request", NONE, false},
		{"OverDraft of Credit Party", OVERDRAFT, false},
		{"OD Loan Repayment", OD_REPAID, false},
	};
	static const char *const tails[] = {"",
										" ",
										" to 0700***001",
										" - 2547******219",
										" by - 2547******219",
										" to 000111 - REVERSAL MFANO",
										" - JANE CHARGE"};
	static const char *const fulizas[] = {"", " With Fuliza",
										  " with Fuliza M-Pesa"};

	for (int i = 0; i < COUNT(beginnings); i++)
		for (int j = 0; j < COUNT(tails); j++)
			for (int k = 0;
				 k < (beginnings[i].with_fuliza ? COUNT(fulizas) : 1); k++)
			{
				char	   text[200];
				CsMpesaRow row;

				snprintf(text, sizeof(text), "%s%s%s", beginnings[i].text,
						 fulizas[k], tails[j]);
				cs_mpesa_classify(text, strlen(text), &row);
				is_int(row.class, beginnings[i].class, "\"%s\"", text);
				is_int(row.fuliza, k > 0, "and its overdraft");
				/* a word that goes on is another one */
				snprintf(text, sizeof(text), "%s%sx%s", beginnings[i].text,
						 fulizas[k], tails[j]);
				cs_mpesa_classify(text, strlen(text), &row);
				ok(row.class != beginnings[i].class || k > 0, "\"%s\"", text);
			}
}

/* On which way, whose statement, whose loan, and what is reversed. */
static void
test_facts(void)
{
	static const struct
	{
		const char	 *text;
		CsMpesaRail	  rail;
		CsMpesaHolder holder;
		const char	 *known_as;
		const char	 *reverses;
	} facts[] = {
		{"Customer Transfer to - 0700***001 MFANO", CS_RAIL_PERSON,
		 CS_HOLDER_CONSUMER, NULL, NULL},
		{"Merchant Payment to 000111 - MFANO", CS_RAIL_TILL,
		 CS_HOLDER_CONSUMER, NULL, NULL},
		{"Merchant Payment from 2547***001 - MFANO", CS_RAIL_TILL,
		 CS_HOLDER_TILL, NULL, NULL},
		{"Pay Bill from 2547***001 - MFANO Acc. 1", CS_RAIL_PAYBILL,
		 CS_HOLDER_PAYBILL, NULL, NULL},
		{"Business Payment to 2547***001 - MFANO", CS_RAIL_BUSINESS,
		 CS_HOLDER_ORGANISATION, NULL, NULL},
		{"Salary Payment from 000111 - MFANO", CS_RAIL_SALARY,
		 CS_HOLDER_CONSUMER, NULL, NULL},
		{"Pay Bill Charge", CS_RAIL_NONE, CS_HOLDER_ANY, NULL, NULL},
		{"M-Shwari Loan Disburse", CS_RAIL_NONE, CS_HOLDER_CONSUMER,
		 "M-Shwari", NULL},
		{"Term Loan Repayment", CS_RAIL_NONE, CS_HOLDER_CONSUMER, "Term Loan",
		 NULL},
		{"Reversal of transaction UKM3AB2CD3", CS_RAIL_NONE, CS_HOLDER_ANY,
		 NULL, "UKM3AB2CD3"},
		{"Send Money Reversal to 2547000001 - ABCDEFGHIJ ukm3ab2cd3",
		 CS_RAIL_NONE, CS_HOLDER_ANY, NULL, NULL},
	};

	for (int i = 0; i < COUNT(facts); i++)
	{
		CsMpesaRow row;
		char	   receipt[CS_MPESA_RECEIPT + 1] = "";

		cs_mpesa_classify(facts[i].text, strlen(facts[i].text), &row);
		is_int(row.rail, facts[i].rail, "\"%s\": rail", facts[i].text);
		is_int(row.holder, facts[i].holder, "whose statement");
		is_text(row.known_as, facts[i].known_as, "whose loan");
		if (row.reverses != NULL)
			memcpy(receipt, row.reverses, CS_MPESA_RECEIPT);
		is_text(row.reverses != NULL ? receipt : NULL, facts[i].reverses,
				"what is reversed");
	}
}

/* Whatever text is cut anywhere, nothing beyond its end is read. */
static void
test_cut(void)
{
	static const char text[] =
		"Pay Bill Online Fuliza M-Pesa to 000111 - MFANO Acc. 1";
	int transactions = 0;

	for (size_t len = 0; len < sizeof(text); len++)
	{
		char	   exact[sizeof(text)];
		CsMpesaRow row;

		memset(exact, 'x', sizeof(exact));
		memcpy(exact, text, len);
		cs_mpesa_classify(exact, len, &row);
		transactions +=
			row.class == TXN &&
			(row.party == NULL) ==
				(len < strlen("Pay Bill Online Fuliza M-Pesa to ")) &&
			(row.party == NULL || row.party + row.party_len <= exact + len);
	}
	is_int(transactions, sizeof(text),
		   "every beginning of a text is read to its end");
}

/* Each blank looked at once is a moment, each from each other half a day. */
static void
test_blanks(void)
{
	static const char head[] = "Pay Bill to 000111 -";
	static char		  text[4000000];
	CsMpesaRow		  row;

	memset(text, ' ', sizeof(text));
	memcpy(text, head, strlen(head));
	text[sizeof(text) - 1] = 'X';
	cs_mpesa_classify(text, sizeof(text), &row);
	ok(row.class == TXN && row.roles == ALL,
	   "a text of millions of blanks is read");
	is_int(row.party_len, sizeof(text) - (row.party - text),
		   "up to what stands behind them");
	memcpy(text + sizeof(text) - 6, "acc. 1", 6);
	cs_mpesa_classify(text, sizeof(text), &row);
	is_int(row.party_len, strlen("000111 -"), "or an account");
}

static bool
same(const char *a, const char *b)
{
	return cs_words_same(a, a + strlen(a), b, b + strlen(b));
}

static uint32_t
hash(const char *name)
{
	const char *at = name;
	uint32_t	number = CS_WORDS_NO_HASH;
	CsWord		word;

	while (cs_words_next(&at, name + strlen(name), &word))
		number = cs_words_hash(number, &word);
	return number;
}

static void
test_words(void)
{
	static const char		 text[] = "000111 - 1XBET (Kenya) B\xC3\xA9T!";
	static const char *const expected[] = {"000111", "1XBET", "Kenya",
										   "B\xC3\xA9T"};
	const char				*at = text;
	const char				*end = text + strlen(text);
	CsWord					 word;

	for (int i = 0; i < COUNT(expected); i++)
	{
		char got[40] = "";

		if (ok(cs_words_next(&at, end, &word), "there is word %d", i))
			snprintf(got, sizeof(got), "%.*s", (int) word.len, word.text);
		is_text(got, expected[i], "it is %s", expected[i]);
	}
	ok(!cs_words_next(&at, end, &word), "and no more");
	ok(!cs_words_next(&at, end, &word), "for good");

	ok(same("MFANO BETS", "mfano bets"), "case does not matter");
	ok(same("Mfanobets", " Mfano (Be-\nts)"), "nor what stands between");
	ok(hash("Mfanobets") == hash(" Mfano (Be-\nts)"), "as for the hash");
	ok(!same("MFANO BETS", "mfano bet"), "a part is not the same");
	ok(!same("MFANO BET", "mfano bets"), "nor is what is longer");
	ok(same("", "--"), "what has no words is the same");
	is_int(cs_words_compare("a b", "a b" + 3, "AC", "AC" + 2), -1,
		   "names have an order");
	is_int(cs_words_compare("AC", "AC" + 2, "a b", "a b" + 3), 1,
		   "which turns");
	is_int(cs_words_compare("a", "a" + 1, "A-B", "A-B" + 3), -1,
		   "and the shorter is first");
}

int
main(void)
{
	test_rows();
	test_beginnings();
	test_facts();
	test_cut();
	test_blanks();
	test_words();
	return done_testing();
}
