/*-------------------------------------------------------------------------
 * certificate.c
 *	  Until when an X.509 certificate is valid.
 *
 * RFC 5280 section 4.1: a certificate is a sequence whose first element, the
 * one that is signed, begins with version (mostly), serial number, algorithm,
 * issuer and validity, which is two times.  X.690 section 8.1 says how an
 * element is written: tag, length, content.
 *------------------------------------------------------------------------- */
#include "base/certificate.h"

#include <string.h>

#define TAG_INTEGER			 0x02
#define TAG_UTC_TIME		 0x17
#define TAG_GENERALIZED_TIME 0x18
#define TAG_SEQUENCE		 0x30
#define TAG_VERSION			 0xa0

#define SECONDS_PER_DAY INT64_C(86400)

typedef struct Element
{
	uint8_t		   tag;
	const uint8_t *at; /* its content, or what of that is still to be read */
	const uint8_t *end;
} Element;

/* The next element inside of another one; false when there is none. */
static bool
take(Element *in, Element *out)
{
	const uint8_t *at = in->at;
	size_t		   len;

	if (in->end - at < 2)
		return false;
	out->tag = *at++;
	len = *at++;
	if (len & 0x80)
	{
		size_t nbytes = len & 0x7f;

		if (nbytes == 0 || nbytes > 4 || (size_t) (in->end - at) < nbytes)
			return false;
		for (len = 0; nbytes > 0; nbytes--)
			len = len << 8 | *at++;
	}
	if ((size_t) (in->end - at) < len)
		return false;
	out->at = at;
	out->end = in->at = at + len;
	return true;
}

static bool
take_tagged(Element *in, uint8_t tag, Element *out)
{
	return take(in, out) && out->tag == tag;
}

/* Days since 1970-01-01 in the Gregorian calendar; years begin in March. */
static int64_t
days_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return 365 * y + y / 4 - y / 100 + y / 400 + in_year - 719468;
}

static bool
read_digits(const uint8_t *text, int n, int *number)
{
	*number = 0;
	for (int i = 0; i < n; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = *number * 10 + text[i] - '0';
	}
	return true;
}

/* YYMMDDHHMMSSZ, which means 1950 to 2049, or YYYYMMDDHHMMSSZ. */
static bool
read_time(const Element *time, int64_t *seconds)
{
	bool		   utc = time->tag == TAG_UTC_TIME;
	int			   year_digits = utc ? 2 : 4;
	const uint8_t *rest = time->at + year_digits;
	int			   year;
	int			   n[5]; /* month, day, hour, minute, second */

	if ((!utc && time->tag != TAG_GENERALIZED_TIME) ||
		time->end - time->at != year_digits + 11 || time->end[-1] != 'Z' ||
		!read_digits(time->at, year_digits, &year))
		return false;
	for (int i = 0; i < 5; i++)
		if (!read_digits(rest + 2 * i, 2, &n[i]))
			return false;
	if (n[0] < 1 || n[0] > 12)
		return false;
	if (utc)
		year += year < 50 ? 2000 : 1900;
	*seconds = days_of(year, n[0], n[1]) * SECONDS_PER_DAY + n[2] * 3600 +
			   n[3] * 60 + n[4];
	return true;
}

bool
cs_certificate_end(const uint8_t *der, size_t len, int64_t *end)
{
	Element all = {0, der, der + len};
	Element certificate;
	Element body;
	Element part;
	Element validity;

	if (!take_tagged(&all, TAG_SEQUENCE, &certificate) ||
		!take_tagged(&certificate, TAG_SEQUENCE, &body) || !take(&body, &part))
		return false;
	if (part.tag == TAG_VERSION && !take(&body, &part))
		return false;
	return part.tag == TAG_INTEGER &&
		   take_tagged(&body, TAG_SEQUENCE, &part) && /* algorithm */
		   take_tagged(&body, TAG_SEQUENCE, &part) && /* issuer */
		   take_tagged(&body, TAG_SEQUENCE, &validity) &&
		   take(&validity, &part) && /* not before */
		   take(&validity, &part) && read_time(&part, end);
}
