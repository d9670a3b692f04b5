/*-------------------------------------------------------------------------
 * phone.c
 *	  Phone numbers as digits.  Pure functions.
 *------------------------------------------------------------------------- */
#include "provider/phone.h"

#include <string.h>

CsStatus
cs_phone_digits(const char *phone, char *out, size_t outlen, CsError *err)
{
	size_t		used = 0;
	const char *c = phone + strspn(phone, " ");

	if (*c == '+')
		c++;
	for (; *c != '\0'; c++)
	{
		if (*c == ' ' || *c == '-')
			continue;
		if (*c < '0' || *c > '9' || used + 1 >= outlen)
		{
			cs_core_error(err, CS_ERR_ARGUMENT, "malformed phone number");
			cs_core_detail(err, "A phone number has digits, spaces, dashes "
								"and a leading plus sign only.");
			return CS_FAIL;
		}
		out[used++] = *c;
	}
	out[used] = '\0';
	if (used == 0)
	{
		cs_core_error(err, CS_ERR_ARGUMENT, "malformed phone number");
		cs_core_detail(err, "It has no digits.");
		return CS_FAIL;
	}
	return CS_OK;
}

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
