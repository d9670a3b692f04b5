/*-------------------------------------------------------------------------
 * phone.c
 *	  Phone numbers: the one spelling under which a number is asked about.
 *
 * Pure functions.  A wrong number costs money: what cannot be a mobile number
 * of the server's country is refused before anybody is asked.
 *------------------------------------------------------------------------- */
#include "provider/phone.h"

#include <stdio.h>
#include <string.h>

/* What people write between the digits of a number. */
#define SEPARATORS " -.()"

/* ITU-T E.164: at most 15 digits; with fewer than 8 none is in use. */
#define MIN_DIGITS 8
#define MAX_DIGITS 15

/* How the mobile numbers of a country are built. */
typedef struct Plan
{
	const char *country; /* as the server option has it */
	const char *adjective;
	const char *code;
	size_t		digits; /* behind the code */
	const char *first;	/* the digits that they may begin with */
	const char *begin;	/* the same in words */
	const char *hint;
} Plan;

/*
 * National numbering plans, as the regulators communicated them to the ITU, and
 * as they publish them.
 */
static const Plan plans[] = {
	/* Communications Authority of Kenya, Telecommunication Numbering Plan for
	 * Kenya (October 2019), https://www.itu.int/oth/T0202000070/en : nine
	 * digits; mobile networks have 7XX, and since 2019 1XX. */
	{"kenya", "Kenyan", "254", 9, "71", "7 or 1",
	 "Write it as 2547XXXXXXXX or 2541XXXXXXXX, with or without a plus sign, or as 07XXXXXXXX or 01XXXXXXXX."},

	/* Nigerian Communications Commission, National Numbering Plan,
	 * https://www.itu.int/oth/T020200009C/en : ten digits; mobile networks have
	 * 70, 80, 81, 90 and 91. */
	{"nigeria", "Nigerian", "234", 10, "789", "7, 8 or 9",
	 "Write it as 2348XXXXXXXXX (or 2347, 2349), with or without a plus sign, or as 080XXXXXXXX and the like."},

	/* National Telecommunications Commission,
	 * https://www.itu.int/oth/T02020000A7/en : ten digits; mobile networks have
	 * 9XX. */
	{"philippines", "Philippine", "63", 10, "9", "9",
	 "Write it as 639XXXXXXXXX, with or without a plus sign, as 09XXXXXXXXX or as 9XXXXXXXXX."},
};

#define NPLANS ((int) (sizeof(plans) / sizeof(plans[0])))

static const char other_hint[] =
	"Write it with country code, such as 256 for Uganda.";

/* NULL: none that we know. */
static const Plan *
find_plan(const char *country)
{
	for (int i = 0; country != NULL && i < NPLANS; i++)
		if (strcmp(plans[i].country, country) == 0)
			return &plans[i];
	return NULL;
}

static CsStatus
malformed(CsError *err)
{
	return cs_core_error(err, CS_ERR_ARGUMENT, "malformed phone number");
}

/* ---------- what was written ---------- */

/* The digits of a text, and whether they come after a plus sign. */
static bool
collect_digits(const char *text, char *out, size_t outlen, bool *plus)
{
	size_t used = 0;

	*plus = false;
	for (; *text != '\0'; text++)
	{
		if (strchr(SEPARATORS, *text) != NULL)
			continue;
		if (*text == '+' && used == 0 && !*plus)
		{
			*plus = true;
			continue;
		}
		if (*text < '0' || *text > '9' || used + 1 >= outlen)
			return false;
		out[used++] = *text;
	}
	out[used] = '\0';
	return true;
}

/* "712345678.0": what some programs make of a spreadsheet's number. */
static bool
is_fraction(const char *text)
{
	size_t len = strlen(text);

	return len > 2 && text[len - 2] == '.';
}

/* The digits without plus sign or 00, either of which makes it international. */
static CsStatus
read_digits(const char *phone, char *out, size_t outlen, bool *international,
			CsError *err)
{
	if (!collect_digits(phone, out, outlen, international) ||
		is_fraction(phone))
	{
		malformed(err);
		cs_core_detail(err, "A phone number has digits, spaces, dashes, dots, "
							"brackets and a leading plus sign only.");
		return CS_FAIL;
	}
	if (!*international && out[0] == '0' && out[1] == '0')
	{
		memmove(out, out + 2, strlen(out + 2) + 1);
		*international = true;
	}
	if (out[0] == '\0')
	{
		malformed(err);
		cs_core_detail(err, "It has no digits.");
		return CS_FAIL;
	}
	return CS_OK;
}

/* ---------- what it may be ---------- */

/* What comes behind the country code, or behind the 0 of a local form. */
static const char *
national_part(const Plan *plan, const char *digits, bool international)
{
	size_t code = strlen(plan->code);

	if (strncmp(digits, plan->code, code) == 0 &&
		(international || strlen(digits) == code + plan->digits))
		return digits + code;
	if (international)
		return "";
	return digits[0] == '0' ? digits + 1 : digits;
}

static CsStatus
complete(const Plan *plan, bool international, char *digits, size_t outlen,
		 CsError *err)
{
	const char *national = national_part(plan, digits, international);
	char		whole[MAX_DIGITS + 1];

	if (strlen(national) != plan->digits ||
		strchr(plan->first, national[0]) == NULL)
	{
		malformed(err);
		cs_core_detail(
			err,
			"A %s mobile number has %zu digits behind the country "
			"code %s, the first of them %s; this one has %zu in all.",
			plan->adjective, plan->digits, plan->code, plan->begin,
			strlen(digits));
		err->hint = plan->hint;
		return CS_FAIL;
	}
	snprintf(whole, sizeof(whole), "%s%s", plan->code, national);
	snprintf(digits, outlen, "%s", whole);
	return CS_OK;
}

static CsStatus
check_international(const char *digits, CsError *err)
{
	size_t len = strlen(digits);

	if (digits[0] != '0' && len >= MIN_DIGITS && len <= MAX_DIGITS)
		return CS_OK;
	malformed(err);
	if (digits[0] == '0')
		cs_core_detail(err, "It begins with a zero; a number is expected with "
							"country code.");
	else
		cs_core_detail(err,
					   "It has %zu digits; %d to %d are expected, with "
					   "country code.",
					   len, MIN_DIGITS, MAX_DIGITS);
	err->hint = other_hint;
	return CS_FAIL;
}

CsStatus
cs_phone_normalise(const char *country, const char *phone, char *out,
				   size_t outlen, CsError *err)
{
	const Plan *plan = find_plan(country);
	bool		international;

	err->hint = NULL;
	if (read_digits(phone, out, outlen, &international, err) != CS_OK)
	{
		err->hint = plan != NULL ? plan->hint : other_hint;
		return CS_FAIL;
	}
	return plan != NULL ? complete(plan, international, out, outlen, err)
						: check_international(out, err);
}

/* ---------- comparing ---------- */

/* Copies the last n digits of a text; false when there are fewer. */
static bool
last_digits(const char *text, char *out, int n)
{
	int found = 0;

	out[n] = '\0';
	for (size_t i = strlen(text); i > 0 && found < n; i--)
	{
		if (text[i - 1] >= '0' && text[i - 1] <= '9')
			out[n - ++found] = text[i - 1];
	}
	return found == n;
}

bool
cs_phone_same_last_digits(const char *a, const char *b, int n)
{
	char last_a[32];
	char last_b[32];

	if (n >= (int) sizeof(last_a) || !last_digits(a, last_a, n) ||
		!last_digits(b, last_b, n))
		return true;
	return strcmp(last_a, last_b) == 0;
}
