/*-------------------------------------------------------------------------
 * test_billing.c
 *	  What the end of a call means for money; and that the README says so.
 *
 * The table here is written by hand: it is the promise.  With the argument
 * --table the program prints the README's table; with --of FEE END STATUS the
 * consequences of one case, as numbers, for the test that compares them with
 * what a server does.
 *------------------------------------------------------------------------- */
#include "provider/billing.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/core.h"
#include "tap.h"

typedef struct Case
{
	const char *name;
	CsCallEnd	end;
	int			status;
	CsBilled	billed;
	CsRepeat	repeat;
	bool		keep;
	CsSign		sign;
	CsErrorCode code;
} Case;

/* For an endpoint each of whose calls is billed. */
static const Case cases[] = {
	{"not sent", CS_CALL_NOT_SENT, 0, CS_BILLED_NO, CS_REPEAT_YES, false,
	 CS_SIGN_FAILURE, CS_ERR_UNREACHABLE},
	{"withheld", CS_CALL_WITHHELD, 0, CS_BILLED_NO, CS_REPEAT_YES, false,
	 CS_SIGN_NONE, CS_ERR_UNREACHABLE},
	{"our certificate is none", CS_CALL_UNFIT, 0, CS_BILLED_NO, CS_REPEAT_NO,
	 false, CS_SIGN_NONE, CS_ERR_MAPPING_VALUE},
	{"our certificate is refused", CS_CALL_UNTRUSTED, 0, CS_BILLED_NO,
	 CS_REPEAT_NO, false, CS_SIGN_LIFE, CS_ERR_CREDENTIALS},
	{"lost", CS_CALL_LOST, 0, CS_BILLED_UNKNOWN, CS_REPEAT_AT_RISK, false,
	 CS_SIGN_FAILURE, CS_ERR_UNKNOWN},
	{"cut short", CS_CALL_LOST, 200, CS_BILLED_UNKNOWN, CS_REPEAT_AT_RISK,
	 false, CS_SIGN_FAILURE, CS_ERR_UNKNOWN},
	{"too large", CS_CALL_TOO_LARGE, 200, CS_BILLED_YES, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_TOO_LARGE},
	{"an error that is too large", CS_CALL_TOO_LARGE, 500, CS_BILLED_UNKNOWN,
	 CS_REPEAT_NO, false, CS_SIGN_LIFE, CS_ERR_TOO_LARGE},
	{"garbled", CS_CALL_GARBLED, 200, CS_BILLED_YES, CS_REPEAT_NO, false,
	 CS_SIGN_FAILURE, CS_ERR_NOT_UNDERSTOOD},
	{"no HTTP", CS_CALL_GARBLED, 0, CS_BILLED_UNKNOWN, CS_REPEAT_NO, false,
	 CS_SIGN_FAILURE, CS_ERR_NOT_UNDERSTOOD},
	{"200", CS_CALL_REPLY, 200, CS_BILLED_YES, CS_REPEAT_NO, true,
	 CS_SIGN_LIFE, CS_ERR_NONE},
	{"201", CS_CALL_REPLY, 201, CS_BILLED_YES, CS_REPEAT_NO, true,
	 CS_SIGN_LIFE, CS_ERR_NONE},
	{"202", CS_CALL_REPLY, 202, CS_BILLED_YES, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_NONE},
	{"204", CS_CALL_REPLY, 204, CS_BILLED_YES, CS_REPEAT_NO, true,
	 CS_SIGN_LIFE, CS_ERR_NONE},
	{"302", CS_CALL_REPLY, 302, CS_BILLED_UNKNOWN, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD},
	{"400", CS_CALL_REPLY, 400, CS_BILLED_UNKNOWN, CS_REPEAT_NO, true,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD},
	{"401", CS_CALL_REPLY, 401, CS_BILLED_NO, CS_REPEAT_NEW_TOKEN, false,
	 CS_SIGN_LIFE, CS_ERR_CREDENTIALS},
	{"403", CS_CALL_REPLY, 403, CS_BILLED_NO, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_CREDENTIALS},
	{"404", CS_CALL_REPLY, 404, CS_BILLED_UNKNOWN, CS_REPEAT_NO, true,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD},
	{"409", CS_CALL_REPLY, 409, CS_BILLED_UNKNOWN, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD},
	{"413", CS_CALL_REPLY, 413, CS_BILLED_UNKNOWN, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_TOO_LARGE},
	{"422", CS_CALL_REPLY, 422, CS_BILLED_UNKNOWN, CS_REPEAT_NO, true,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD},
	{"429", CS_CALL_REPLY, 429, CS_BILLED_NO, CS_REPEAT_YES, false,
	 CS_SIGN_NONE, CS_ERR_RATE},
	{"500", CS_CALL_REPLY, 500, CS_BILLED_UNKNOWN, CS_REPEAT_AT_RISK, false,
	 CS_SIGN_FAILURE, CS_ERR_UNKNOWN},
	{"502", CS_CALL_REPLY, 502, CS_BILLED_UNKNOWN, CS_REPEAT_AT_RISK, false,
	 CS_SIGN_FAILURE, CS_ERR_UNKNOWN},
	{"503", CS_CALL_REPLY, 503, CS_BILLED_NO, CS_REPEAT_YES, false,
	 CS_SIGN_FAILURE, CS_ERR_UNAVAILABLE},
	{"504", CS_CALL_REPLY, 504, CS_BILLED_UNKNOWN, CS_REPEAT_AT_RISK, false,
	 CS_SIGN_FAILURE, CS_ERR_UNKNOWN},
	{"100", CS_CALL_REPLY, 100, CS_BILLED_UNKNOWN, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD},
	{"600", CS_CALL_REPLY, 600, CS_BILLED_UNKNOWN, CS_REPEAT_NO, false,
	 CS_SIGN_LIFE, CS_ERR_NOT_UNDERSTOOD},
};

static void
check(const Case *c, const CsBilling *b, const char *of)
{
	is_int(b->billed, c->billed, "%s, %s: billed", c->name, of);
	is_int(b->repeat, c->repeat, "%s, %s: repeated", c->name, of);
	is_int(b->keep, c->keep, "%s, %s: kept", c->name, of);
	is_int(b->sign, c->sign, "%s, %s: for the breaker", c->name, of);
	is_int(b->code, c->code, "%s, %s: code", c->name, of);
	ok(b->meaning != NULL && b->meaning[0] != '\0', "%s, %s: has a meaning",
	   c->name, of);
}

static void
test_fees(void)
{
	for (size_t i = 0; i < lengthof(cases); i++)
	{
		Case	  c = cases[i];
		CsBilling b = cs_billing_of(CS_FEE_CALL, c.end, c.status);

		check(&c, &b, "billed by the call");

		/* What is not ready costs nothing, and is no answer. */
		b = cs_billing_of(CS_FEE_READY, c.end, c.status);
		if (c.end == CS_CALL_REPLY && c.status == 202)
		{
			c.billed = CS_BILLED_NO;
			c.code = CS_ERR_PROCESSING;
		}
		check(&c, &b, "billed when ready");

		c = cases[i];
		b = cs_billing_of(CS_FEE_NONE, c.end, c.status);
		c.billed = CS_BILLED_NO;
		if (c.repeat == CS_REPEAT_AT_RISK)
			c.repeat = CS_REPEAT_YES;
		check(&c, &b, "free");
	}
}

/* Whatever comes: what is sent again by itself was not billed. */
static void
test_rule(void)
{
	int wrong = 0;

	for (int fee = CS_FEE_NONE; fee <= CS_FEE_READY; fee++)
		for (int end = CS_CALL_REPLY; end <= CS_CALL_GARBLED; end++)
			for (int status = 0; status < 1000; status++)
			{
				CsBilling b =
					cs_billing_of((CsFee) fee, (CsCallEnd) end, status);

				wrong += b.repeat >= CS_REPEAT_NEW_TOKEN &&
						 b.billed != CS_BILLED_NO;
				wrong += b.keep && (end != CS_CALL_REPLY || status == 202);
				wrong += b.billed == CS_BILLED_YES && b.repeat != CS_REPEAT_NO;
			}
	is_int(
		wrong, 0,
		"what is repeated is not billed, what is billed not repeated, and only "
		"replies are kept");
}

/* --- the README's table --- */

static const char *
repeat_name(CsRepeat repeat)
{
	switch (repeat)
	{
		case CS_REPEAT_NO:
			return "no";
		case CS_REPEAT_AT_RISK:
			return "with `retry_ambiguous`";
		case CS_REPEAT_NEW_TOKEN:
			return "once, with a new token";
		case CS_REPEAT_YES:
			break;
	}
	return "yes";
}

static const char *
sign_name(CsSign sign)
{
	switch (sign)
	{
		case CS_SIGN_LIFE:
			return "as alive";
		case CS_SIGN_FAILURE:
			return "as a failure";
		case CS_SIGN_NONE:
			break;
	}
	return "not";
}

static void
put_row(CsBuf *table, const CsBillingRow *row)
{
	CsBilling call = cs_billing_of(CS_FEE_CALL, row->end, row->status);
	CsBilling ready = cs_billing_of(CS_FEE_READY, row->end, row->status);

	cs_buf_printf(table, "| %s | %s", row->how, cs_billing_name(call.billed));
	if (ready.billed != call.billed)
		cs_buf_printf(table, "; of a statement's report: %s",
					  cs_billing_name(ready.billed));
	cs_buf_printf(table, " | %s | %s | %s |\n", repeat_name(call.repeat),
				  call.keep ? "yes" : "no", sign_name(call.sign));
}

static void
put_table(CsBuf *table)
{
	CsBillingRow row;

	cs_buf_puts(table,
				"| how a call ended | billed | sent again | kept | counts for "
				"the breaker |\n|---|---|---|---|---|\n");
	for (int i = 0; cs_billing_row(i, &row); i++)
		put_row(table, &row);
}

static void
test_readme(const char *table)
{
	static char		  text[256 * 1024];
	FILE			 *file = fopen("README.md", "r");
	size_t			  len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	const char		 *begin;
	const char		 *end;
	static const char open_mark[] = "<!-- billing -->\n";

	if (file != NULL)
		fclose(file);
	text[len] = '\0';
	begin = strstr(text, open_mark);
	end = begin ? strstr(begin, "<!-- /billing -->") : NULL;
	if (!ok(end != NULL, "README has the place of the table"))
		return;
	begin += sizeof(open_mark) - 1;
	if (!ok((size_t) (end - begin) == strlen(table) &&
				memcmp(begin, table, strlen(table)) == 0,
			"README's table is what the code does"))
		printf("# it should be, as test_billing --table prints it:\n%s",
			   table);
}

/* Names of fees and ends as a test says them, in the order of their enums. */
static int
number_of(const char *name, const char *const *names)
{
	for (int i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	fprintf(stderr, "there is no \"%s\"\n", name);
	exit(1);
}

static int
print_one(const char *fee, const char *end, const char *status)
{
	static const char *const fees[] = {"none", "call", "ready", NULL};
	static const char *const ends[] = {"reply",		"not_sent",	 "withheld",
									   "unfit",		"untrusted", "lost",
									   "too_large", "garbled",	 NULL};
	CsBilling				 b =
		cs_billing_of((CsFee) number_of(fee, fees),
					  (CsCallEnd) number_of(end, ends), atoi(status));

	printf("%s %s %s %s\n", cs_billing_name(b.billed),
		   b.repeat == CS_REPEAT_YES		 ? "yes"
		   : b.repeat == CS_REPEAT_NEW_TOKEN ? "new_token"
		   : b.repeat == CS_REPEAT_AT_RISK	 ? "at_risk"
											 : "no",
		   b.keep ? "yes" : "no", sign_name(b.sign));
	return 0;
}

int
main(int argc, char **argv)
{
	CsBuf table = {0};

	put_table(&table);
	if (argc > 1 && strcmp(argv[1], "--table") == 0)
	{
		fputs(table.data, stdout);
		return 0;
	}
	if (argc == 5 && strcmp(argv[1], "--of") == 0)
		return print_one(argv[2], argv[3], argv[4]);
	is_text(cs_billing_name(CS_BILLED_NO), "no", "the name of no");
	is_text(cs_billing_name(CS_BILLED_YES), "yes", "the name of yes");
	is_text(cs_billing_name(CS_BILLED_UNKNOWN), "unknown",
			"the name of unknown");
	test_fees();
	test_rule();
	test_readme(table.data);
	cs_buf_free(&table);
	return done_testing();
}
