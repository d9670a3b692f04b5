/*-------------------------------------------------------------------------
 * test_certificate.c
 *	  Until when certificates are valid, also those that are none.
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

int
main(void)
{
	test_times();
	test_damage();
	return done_testing();
}
