/*-------------------------------------------------------------------------
 * certificate.c
 *	  Until when an X.509 certificate is valid, and whose its key is.
 *
 * RFC 5280 section 4.1: a certificate is a sequence whose first element, the
 * one that is signed, begins with version (mostly), serial number, algorithm,
 * issuer, validity, which is two times, subject and public key.  X.690 section
 * 8.1 says how an element is written: tag, length, content.
 *
 * A private key has the public one in it, for RSA always (RFC 8017 appendix
 * A.1.2) and for elliptic curves mostly (RFC 5915), bare or in the envelope of
 * PKCS #8 (RFC 5208).  The two fit when the bytes are the same.
 *------------------------------------------------------------------------- */
#include "base/certificate.h"

#include <string.h>

#define TAG_INTEGER			 0x02
#define TAG_BIT_STRING		 0x03
#define TAG_OCTET_STRING	 0x04
#define TAG_OID				 0x06
#define TAG_UTC_TIME		 0x17
#define TAG_GENERALIZED_TIME 0x18
#define TAG_SEQUENCE		 0x30
#define TAG_VERSION			 0xa0
#define TAG_PUBLIC_KEY		 0xa1

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

/* Goes to the validity: what comes before it may be of any length. */
static bool
take_to_validity(const uint8_t *der, size_t len, Element *body,
				 Element *validity)
{
	Element all = {0, der, der + len};
	Element certificate;
	Element part;

	if (!take_tagged(&all, TAG_SEQUENCE, &certificate) ||
		!take_tagged(&certificate, TAG_SEQUENCE, body) || !take(body, &part))
		return false;
	if (part.tag == TAG_VERSION && !take(body, &part))
		return false;
	return part.tag == TAG_INTEGER &&
		   take_tagged(body, TAG_SEQUENCE, &part) && /* algorithm */
		   take_tagged(body, TAG_SEQUENCE, &part) && /* issuer */
		   take_tagged(body, TAG_SEQUENCE, validity);
}

bool
cs_certificate_end(const uint8_t *der, size_t len, int64_t *end)
{
	Element body;
	Element validity;
	Element part;

	return take_to_validity(der, len, &body, &validity) &&
		   take(&validity, &part) && /* not before */
		   take(&validity, &part) && read_time(&part, end);
}

/* --- keys --- */

static const uint8_t rsa_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7,
								  0x0d, 0x01, 0x01, 0x01};
static const uint8_t curve_oid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};

typedef enum Algorithm
{
	ANOTHER,
	RSA,
	CURVE
} Algorithm;

static size_t
length_of(const Element *element)
{
	return (size_t) (element->end - element->at);
}

static bool
is_oid(const Element *element, const uint8_t *oid, size_t len)
{
	return element->tag == TAG_OID && length_of(element) == len &&
		   memcmp(element->at, oid, len) == 0;
}

/* What an AlgorithmIdentifier says. */
static Algorithm
algorithm_of(Element identifier)
{
	Element oid;

	if (!take(&identifier, &oid))
		return ANOTHER;
	if (is_oid(&oid, rsa_oid, sizeof(rsa_oid)))
		return RSA;
	return is_oid(&oid, curve_oid, sizeof(curve_oid)) ? CURVE : ANOTHER;
}

/* The bytes of a bit string, which is whole ones. */
static bool
take_bits(Element *in, Element *bits)
{
	return take_tagged(in, TAG_BIT_STRING, bits) && length_of(bits) > 0 &&
		   *bits->at++ == 0;
}

/* The public key: modulus and exponent, or a point. */
static Algorithm
public_of(const uint8_t *der, size_t len, Element *key)
{
	Element	  body;
	Element	  part;
	Element	  identifier;
	Element	  bits;
	Algorithm algorithm;

	if (!take_to_validity(der, len, &body, &part) ||
		!take_tagged(&body, TAG_SEQUENCE, &part) || /* subject */
		!take_tagged(&body, TAG_SEQUENCE, &part) || /* public key */
		!take_tagged(&part, TAG_SEQUENCE, &identifier) ||
		!take_bits(&part, &bits))
		return ANOTHER;
	*key = bits;
	algorithm = algorithm_of(identifier);
	if (algorithm == RSA && !take_tagged(&bits, TAG_SEQUENCE, key))
		return ANOTHER;
	return algorithm;
}

/* What is in the envelope, if it has one; the numbers of versions are gone. */
static Algorithm
open_key(const uint8_t *der, size_t len, Element *key)
{
	Element	  all = {0, der, der + len};
	Element	  part;
	Element	  inner;
	Algorithm algorithm;

	if (!take_tagged(&all, TAG_SEQUENCE, key) ||
		!take_tagged(key, TAG_INTEGER, &part) || length_of(key) == 0)
		return ANOTHER;
	if (*key->at != TAG_SEQUENCE)
		return *key->at == TAG_INTEGER ? RSA : CURVE;
	if (!take_tagged(key, TAG_SEQUENCE, &part) ||
		!take_tagged(key, TAG_OCTET_STRING, &inner))
		return ANOTHER;
	algorithm = algorithm_of(part);
	if (algorithm != ANOTHER && (!take_tagged(&inner, TAG_SEQUENCE, key) ||
								 !take_tagged(key, TAG_INTEGER, &part)))
		return ANOTHER;
	return algorithm;
}

/* The public key in that of a curve; false: it is left out. */
static bool
point_of(Element *key, Element *point)
{
	Element part;

	while (take(key, &part))
		if (part.tag == TAG_PUBLIC_KEY)
			return take_bits(&part, point);
	return false;
}

CsMatch
cs_certificate_match(const uint8_t *der, size_t len, const uint8_t *key,
					 size_t key_len)
{
	Element	  wanted;
	Element	  has;
	Element	  point;
	Algorithm algorithm = public_of(der, len, &wanted);
	Algorithm its = open_key(key, key_len, &has);

	if (algorithm == ANOTHER || its == ANOTHER)
		return CS_MATCH_UNKNOWN;
	if (algorithm != its)
		return CS_MATCH_NOT;
	if (its == CURVE)
	{
		/* A point has two spellings, of which the long one is usual. */
		if (!point_of(&has, &point) || length_of(&point) != length_of(&wanted))
			return CS_MATCH_UNKNOWN;
		has = point;
	}
	return length_of(&has) >= length_of(&wanted) &&
				   memcmp(has.at, wanted.at, length_of(&wanted)) == 0
			   ? CS_MATCH_FITS
			   : CS_MATCH_NOT;
}
