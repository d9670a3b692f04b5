/*-------------------------------------------------------------------------
 * test_certificate.c
 *	  Until when certificates are valid, and whose keys are, also of what is none.
 *
 * Certificates are put together here as far as they are read.
 *------------------------------------------------------------------------- */
#include "tap.h"

#include <string.h>

#include "base/certificate.h"

static uint8_t der[512];
static size_t  der_len;

/* An element around another one's bytes. */
static size_t
wrap(uint8_t *out, uint8_t tag, const void *content, size_t len)
{
	size_t n = 0;

	out[n++] = tag;
	if (len >= 0x80)
		out[n++] = 0x81;
	out[n++] = (uint8_t) len;
	memcpy(out + n, content, len);
	return n + len;
}

/* A certificate that ends so; a long issuer makes lengths of two bytes. */
static void
make(bool version, uint8_t tag, const char *not_after, size_t issuer_len)
{
	static const uint8_t version_3[] = {0x02, 0x01, 0x02};
	uint8_t				 issuer[256] = {0};
	uint8_t				 times[64];
	uint8_t				 body[512];
	uint8_t				 outer[512];
	size_t				 n = 0;
	size_t				 ntimes;

	ntimes = wrap(times, 0x17, "200101000000Z", 13);
	ntimes += wrap(times + ntimes, tag, not_after, strlen(not_after));
	if (version)
		n += wrap(body, 0xa0, version_3, sizeof(version_3));
	n += wrap(body + n, 0x02, "\x01", 1);
	n += wrap(body + n, 0x30, "", 0);
	n += wrap(body + n, 0x30, issuer, issuer_len);
	n += wrap(body + n, 0x30, times, ntimes);
	n = wrap(outer, 0x30, body, n);
	der_len = wrap(der, 0x30, outer, n);
}

/* -1: it is no certificate. */
static int64_t
end_of(void)
{
	int64_t end;

	return cs_certificate_end(der, der_len, &end) ? end : -1;
}

static void
test_times(void)
{
	make(true, 0x17, "700101000000Z", 10);
	ok(end_of() == 0, "the beginning of 1970");
	make(true, 0x17, "251231235959Z", 10);
	ok(end_of() == 1767225599, "the end of 2025");
	make(true, 0x17, "240229120000Z", 10);
	ok(end_of() == 1709208000, "a day in a leap year");
	make(true, 0x18, "20991231000000Z", 10);
	ok(end_of() == INT64_C(4102358400), "a time with the century");
	make(true, 0x17, "500101000000Z", 10);
	ok(end_of() < 0 && end_of() != -1, "50 is 1950 (RFC 5280)");
	make(false, 0x17, "251231235959Z", 10);
	ok(end_of() == 1767225599, "version 1 has no version");
	make(true, 0x17, "251231235959Z", 200);
	ok(end_of() == 1767225599, "long elements");
}

static void
test_damage(void)
{
	int accepted = 0;

	make(true, 0x17, "251331235959Z", 10);
	ok(end_of() == -1, "there is no thirteenth month");
	make(true, 0x17, "2512312359Z", 10);
	ok(end_of() == -1, "seconds are needed");
	make(true, 0x18, "251231235959Z", 10);
	ok(end_of() == -1, "so is the century where it is due");
	make(true, 0x04, "251231235959Z", 10);
	ok(end_of() == -1, "another tag is no time");
	make(true, 0x17, "251231235959Z", 200);
	for (size_t cut = der_len; cut-- > 0;)
	{
		der_len = cut;
		accepted += end_of() != -1;
	}
	is_int(accepted, 0, "none that is cut short");
	memset(der, 0xff, sizeof(der));
	der_len = sizeof(der);
	ok(end_of() == -1, "nor anything else");
}

/* --- keys --- */

#define RSA	  "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
#define CURVE "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x01\x55"
#define OTHER "\x06\x03\x2b\x65\x70"

#define NUMBERS	   "\x02\x04\x00\xaa\xbb\xcc\x02\x01\x03" /* n, e */
#define PRIVATE	   "\x02\x03\x11\x22\x33"
#define POINT	   "\x04\x12\x34\x56\x78"
#define COMPRESSED "\x02\x12\x34"

#define BYTES(text) text, sizeof(text) - 1

/* A certificate of a public key: its algorithm, and the bit string. */
static void
certify(const char *algorithm, size_t algorithm_len, const char *bits,
		size_t bits_len)
{
	uint8_t part[256] = {0};
	uint8_t body[512];
	uint8_t outer[512];
	size_t	n;
	size_t	len;

	n = wrap(body, 0x02, "\x01", 1);
	for (int i = 0; i < 4; i++) /* algorithm, issuer, validity, subject */
		n += wrap(body + n, 0x30, "", 0);
	len = wrap(part, 0x30, algorithm, algorithm_len);
	memcpy(outer + 1, bits, bits_len);
	outer[0] = 0;
	len += wrap(part + len, 0x03, outer, bits_len + 1);
	n += wrap(body + n, 0x30, part, len);
	n = wrap(outer, 0x30, body, n);
	der_len = wrap(der, 0x30, outer, n);
}

static void
certify_rsa(const char *numbers, size_t len)
{
	uint8_t key[64];

	certify(BYTES(RSA), (char *) key, wrap(key, 0x30, numbers, len));
}

/* A private key, in PKCS #8 if there is an algorithm. */
static size_t
make_key(uint8_t *out, const char *algorithm, size_t algorithm_len,
		 const char *inner, size_t inner_len)
{
	uint8_t bare[128];
	uint8_t body[256];
	uint8_t text[128];
	size_t	n;
	size_t	len;

	memcpy(text, "\x02\x01\x00", 3);
	memcpy(text + 3, inner, inner_len);
	len = wrap(bare, 0x30, text, inner_len + 3);
	if (algorithm_len == 0)
	{
		memcpy(out, bare, len);
		return len;
	}
	n = wrap(body, 0x02, "\x00", 1);
	n += wrap(body + n, 0x30, algorithm, algorithm_len);
	n += wrap(body + n, 0x04, bare, len);
	return wrap(out, 0x30, body, n);
}

static CsMatch
match(const char *algorithm, size_t algorithm_len, const char *inner,
	  size_t inner_len)
{
	uint8_t key[256];
	size_t	len = make_key(key, algorithm, algorithm_len, inner, inner_len);

	return cs_certificate_match(der, der_len, key, len);
}

static void
test_keys(void)
{
	certify_rsa(BYTES(NUMBERS));
	is_int(match(BYTES(""), BYTES(NUMBERS PRIVATE)), CS_MATCH_FITS,
		   "RSA, bare");
	is_int(match(BYTES(RSA), BYTES(NUMBERS PRIVATE)), CS_MATCH_FITS, "RSA");
	is_int(match(BYTES(RSA),
				 BYTES("\x02\x04\x00\xaa\xbb\xcd\x02\x01\x03" PRIVATE)),
		   CS_MATCH_NOT, "RSA, another modulus");
	is_int(match(BYTES(RSA), BYTES("\x02\x01\x05")), CS_MATCH_NOT,
		   "a shorter one");
	is_int(match(BYTES(CURVE), BYTES("\x04\x01\x07")), CS_MATCH_NOT,
		   "RSA's certificate, and a curve's key");
	certify(BYTES(CURVE), BYTES(POINT));
	is_int(match(BYTES(""),
				 BYTES("\x04\x01\x07\xa0\x00\xa1\x08\x03\x06\x00" POINT)),
		   CS_MATCH_FITS, "a curve, bare");
	is_int(
		match(BYTES(CURVE), BYTES("\x04\x01\x07\xa1\x08\x03\x06\x00" POINT)),
		CS_MATCH_FITS, "a curve");
	is_int(
		match(BYTES(CURVE),
			  BYTES("\x04\x01\x07\xa1\x08\x03\x06\x00\x04\x12\x34\x56\x79")),
		CS_MATCH_NOT, "a curve, another point");
	is_int(match(BYTES(CURVE), BYTES("\x04\x01\x07")), CS_MATCH_UNKNOWN,
		   "a key without its point");
	is_int(match(BYTES(CURVE),
				 BYTES("\x04\x01\x07\xa1\x06\x03\x04\x00" COMPRESSED)),
		   CS_MATCH_UNKNOWN, "a point spelled otherwise");
	is_int(match(BYTES(OTHER), BYTES("\x04\x01\x07")), CS_MATCH_UNKNOWN,
		   "an algorithm that is not looked into");
	certify(BYTES(OTHER), BYTES(POINT));
	is_int(
		match(BYTES(CURVE), BYTES("\x04\x01\x07\xa1\x08\x03\x06\x00" POINT)),
		CS_MATCH_UNKNOWN, "such a certificate");
}

static void
test_damaged_keys(void)
{
	static const char inner[] = "\x04\x01\x07\xa1\x08\x03\x06\x00" POINT;
	uint8_t			  key[256];
	size_t len = make_key(key, BYTES(CURVE), inner, sizeof(inner) - 1);
	int	   seen = 0;

	certify(BYTES(CURVE), BYTES(POINT));
	is_int(cs_certificate_match(der, der_len, key, len), CS_MATCH_FITS,
		   "a key, whole");
	for (size_t cut = len; cut-- > 0;)
		seen +=
			cs_certificate_match(der, der_len, key, cut) != CS_MATCH_UNKNOWN;
	for (size_t cut = der_len; cut-- > 0;)
		seen += cs_certificate_match(der, cut, key, len) != CS_MATCH_UNKNOWN;
	is_int(seen, 0, "nothing is known of one that is cut short");
}

int
main(void)
{
	test_times();
	test_damage();
	test_keys();
	test_damaged_keys();
	return done_testing();
}
