/*-------------------------------------------------------------------------
 * test_money.c
 *	  Amounts of money: what is one, and that nothing of it is lost.
 *------------------------------------------------------------------------- */
#include "base/money.h"

#include "tap.h"

static void
test_amounts(void)
{
	static const struct
	{
		const char *text;
		CsMoney		amount;
		const char *shown;
	} cases[] = {
		{"15", 15000000, "15.00"},
		{"15.0", 15000000, "15.00"},
		{"15.00", 15000000, "15.00"},
		{"15.000000", 15000000, "15.00"},
		{"0", 0, "0.00"},
		{"0.1", 100000, "0.10"},
		{"0.29", 290000, "0.29"},
		{"0.0125", 12500, "0.0125"},
		{"0.000001", 1, "0.000001"},
		{"007", 7000000, "7.00"},
		{"4035.10", 4035100000, "4035.10"},
		{"999999999999.999999", 999999999999999999, "999999999999.999999"},
		{"100000000000", 100000000000000000, "100000000000.00"},
	};

	for (int i = 0; i < (int) lengthof(cases); i++)
	{
		CsMoney amount = -1;
		char	shown[CS_MONEY_TEXT_SIZE];

		ok(cs_money_parse(cases[i].text, &amount), "%s is an amount",
		   cases[i].text);
		is_int(amount, cases[i].amount, "in millionths");
		cs_money_show(amount, shown);
		is_text(shown, cases[i].shown, "and shown as %s", cases[i].shown);
	}
}

static void
test_no_amounts(void)
{
	static const char *const texts[] = {
		"",		 " ",	  ".",	   ".5",   "5.",   "-1",  "+1",
		"1 ",	 " 1",	  "1,5",   "1.5.", "1e3",  "0x1", "1.0000000",
		"1.2.3", "1_000", "KES 5", "NaN",  "1.-5", "１",  "1234567890123"};

	for (int i = 0; i < (int) lengthof(texts); i++)
	{
		CsMoney amount;

		ok(!cs_money_parse(texts[i], &amount), "\"%s\" is none", texts[i]);
	}
}

static void
test_currencies(void)
{
	static const char *const others[] = {"",	"KE",  "KESH", "kes", "Kes",
										 "K S", "K3S", "€€€",  " KE", "KE\n"};

	ok(cs_money_is_currency("KES"), "KES is a currency");
	ok(cs_money_is_currency("USD"), "and so is USD");
	for (int i = 0; i < (int) lengthof(others); i++)
		ok(!cs_money_is_currency(others[i]), "\"%s\" is none", others[i]);
}

int
main(void)
{
	test_amounts();
	test_no_amounts();
	test_currencies();
	return done_testing();
}
