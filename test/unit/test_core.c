/*
 * test_core.c
 *	  Errors, buffers, redaction, masking.
 */
#include "base/buf.h"
#include "base/core.h"
#include "base/text.h"

#include <stdlib.h>

#include "tap.h"

static void
test_errors(void)
{
	CsError err;
	char	longest[2 * CS_MESSAGE_SIZE];

	memset(&err, 'x', sizeof(err));
	is_int(cs_core_error(&err, CS_ERR_RATE, "%s %d", "limit", 5), CS_FAIL,
		   "setting an error fails");
	is_int(err.code, CS_ERR_RATE, "error has its code");
	is_text(err.message, "limit 5", "error has its message");
	is_text(err.detail, "", "a new error has no detail");
	is_text(err.provider_code, "", "a new error has no provider code");
	cs_core_detail(&err, "It was %s.", "so");
	is_text(err.detail, "It was so.", "error has its detail");

	/* 127 two-byte characters fit into 255 bytes; half a one must not. */
	for (size_t i = 0; i + 1 < sizeof(longest); i += 2)
		memcpy(longest + i, "\xC3\xA9", 2);
	longest[sizeof(longest) - 1] = '\0';
	cs_core_error(&err, CS_ERR_RATE, "%s", longest);
	is_int((long long) strlen(err.message), CS_MESSAGE_SIZE - 2,
		   "a long message ends with a whole character");
	memset(longest, 'a', sizeof(longest) - 1);
	cs_core_error(&err, CS_ERR_RATE, "%s", longest);
	is_int((long long) strlen(err.message), CS_MESSAGE_SIZE - 1,
		   "a long message fills its place");
}

static void
test_pairs(void)
{
	CsPair pairs[] = {{"a", "1"}, {"b", NULL}, {"c", ""}};

	is_text(cs_core_pair(pairs, 3, "a"), "1", "pair is found");
	is_text(cs_core_pair(pairs, 3, "b"), NULL, "absent value");
	is_text(cs_core_pair(pairs, 3, "c"), "", "empty value");
	is_text(cs_core_pair(pairs, 2, "c"), NULL, "pair beyond the count");
	is_text(cs_core_pair(NULL, 0, "a"), NULL, "no pairs");
}

static void
test_buffer(void)
{
	CsBuf buf = {0};
	char *block = calloc(1, 1024 * 1024);

	cs_buf_free(&buf);
	ok(buf.data == NULL, "a zeroed buffer can be freed");
	cs_buf_puts(&buf, "");
	is_text(buf.data, "", "an empty append terminates");
	for (int i = 0; i < 1000; i++)
		cs_buf_printf(&buf, "%03d,", i);
	is_int((long long) buf.len, 4000, "appends add up");
	ok(memcmp(buf.data, "000,001,", 8) == 0 &&
		   strcmp(buf.data + 3996, "999,") == 0,
	   "growth keeps content");
	cs_buf_free(&buf);
	is_int((long long) buf.size, 0, "freed buffer is zeroed");

	for (int i = 0; i < 65; i++)
		cs_buf_append(&buf, block, 1024 * 1024);
	ok(buf.failed && buf.len < CS_BUF_MAX, "a buffer has a limit");
	cs_buf_puts(&buf, "more");
	is_int((long long) buf.len, 63 * 1024 * 1024,
		   "a failed buffer takes nothing more");
	cs_buf_free(&buf);
	cs_buf_put_base64(&buf, block, (size_t) CS_BUF_MAX + 1);
	ok(buf.failed, "base64 beyond the limit fails");
	cs_buf_free(&buf);
	free(block);
}

static void
test_encodings(void)
{
	static const struct
	{
		const char *plain;
		const char *base64;
	} vectors[] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xFF\xFE\xFD", "//79"},
	};
	CsBuf buf = {0};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	{
		cs_buf_put_base64(&buf, vectors[i].plain, strlen(vectors[i].plain));
		is_text(buf.data, vectors[i].base64, "base64 %zu (RFC 4648)", i);
		cs_buf_free(&buf);
	}
	cs_buf_put_urlencoded(&buf, "aZ09-._~ /?=&+%\xC3\xA9");
	is_text(buf.data, "aZ09-._~%20%2F%3F%3D%26%2B%25%C3%A9",
			"percent-encoding");
	cs_buf_free(&buf);
	cs_buf_put_json_string(&buf, "a\"b\\c\n\x01\x7F\xC3\xA9/");
	is_text(buf.data, "\"a\\\"b\\\\c\\u000a\\u0001\x7F\xC3\xA9/\"",
			"JSON string");
	cs_buf_free(&buf);
	cs_buf_put_json_string(&buf, "");
	is_text(buf.data, "\"\"", "empty JSON string");
	cs_buf_free(&buf);
}

static void
test_utf8(void)
{
	static const struct
	{
		const char *bytes;
		size_t		left;
		size_t		expected;
		const char *what;
	} cases[] = {
		{"a", 1, 1, "ASCII"},
		{"\xC3\xA9", 2, 2, "two bytes"},
		{"\xE2\x82\xAC", 3, 3, "three bytes"},
		{"\xF0\x9F\x98\x80", 4, 4, "four bytes"},
		{"\xF4\x8F\xBF\xBF", 4, 4, "U+10FFFF"},
		{"\xEF\xBF\xBF", 3, 3, "U+FFFF"},
		{"\xC3\xA9", 1, 0, "cut after one byte"},
		{"\xF0\x9F\x98\x80", 3, 0, "cut after three bytes"},
		{"\x80", 1, 0, "lone continuation"},
		{"\xC0\x80", 2, 0, "over-long NUL"},
		{"\xC1\xBF", 2, 0, "over-long two bytes"},
		{"\xE0\x9F\xBF", 3, 0, "over-long three bytes"},
		{"\xF0\x8F\xBF\xBF", 4, 0, "over-long four bytes"},
		{"\xED\xA0\x80", 3, 0, "high surrogate"},
		{"\xED\xBF\xBF", 3, 0, "low surrogate"},
		{"\xED\x9F\xBF", 3, 3, "last before the surrogates"},
		{"\xF4\x90\x80\x80", 4, 0, "beyond U+10FFFF"},
		{"\xF5\x80\x80\x80", 4, 0, "lead byte F5"},
		{"\xFF", 1, 0, "byte FF"},
		{"\xC3(", 2, 0, "no continuation"},
		{"\xE2\x82(", 3, 0, "no second continuation"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int((long long) cs_text_utf8_length(
				   (const unsigned char *) cases[i].bytes, cases[i].left),
			   (long long) cases[i].expected, "UTF-8: %s", cases[i].what);
}

/* Numbers of errors of the TLS library stay, and nothing else. */
static void
test_redact_tls(void)
{
	static const struct
	{
		const char *text;
		const char *expected;
	} cases[] = {
		{"OpenSSL/3: error:0A000086:SSL routines::certificate verify failed",
		 "OpenSSL/3: error:0A000086:SSL routines::certificate verify failed"},
		{"error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert",
		 "error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert"},
		{"set private key, error error:05800074:x509 certificate routines::x",
		 "set private key, error error:05800074:x509 certificate routines::x"},
		{"error:80000068:system library::reset, errno 104",
		 "error:80000068:system library::reset, errno 104"},
		{"error:254700123456:x", "error:254*******56:x"},
		{"error:25470012", "error:254***12"},
		{"error:25470012: 3456", "error:254***12: 3456"},
		{"error:25470012:3456", "error:254***12:3456"},
		{"number 14094410:SSL routines", "number 140***10:SSL routines"},
		{"error:0A000086:SSL 254700123456", "error:0A000086:SSL 254*******56"},
		{"error:0A000086:SSL 0123456789abcdef01234567",
		 "error:0A000086:SSL [redacted]"},
	};
	char text[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		snprintf(text, sizeof(text), "%s", cases[i].text);
		cs_text_redact_tls(text);
		is_text(text, cases[i].expected, "redacted words of TLS %zu", i);
	}
	snprintf(text, sizeof(text), "error:14094410:SSL routines");
	cs_text_redact(text);
	is_text(text, "error:140***10:SSL routines", "a provider's are no such");
}

static void
test_redact(void)
{
	static const struct
	{
		const char *text;
		const char *expected;
	} cases[] = {
		{"", ""},
		{"no score for 254700123456", "no score for 254*******56"},
		{"connect to 127.111.112.113 port 443",
		 "connect to 127.111.112.113 port 443"},
		{"254.700.123.456 is none", "254.***.***.*56 is none"},
		{"6 digits 123456 stay", "6 digits 123456 stay"},
		{"7 digits 1234567 go", "7 digits 123**67 go"},
		{"call +254 (700) 123-456 now", "call +254 (***) ***-*56 now"},
		{"0917.123.4567", "091*.***.**67"},
		{"254\xC2\xA0"
		 "700\xC2\xA0"
		 "123456",
		 "254\xC2\xA0***\xC2\xA0****56"},
		{"4 numbers: 12, 34, 56, 78", "4 numbers: 12, 34, 56, 78"},
		{"a\tb\r\nc\x7F", "a b  c "},
		{"C1 \xC2\x85 too", "C1    too"},
		{"bad \xC3( \xFF\xFE end\xE2\x82", "bad ?( ?? end??"},
		{"id 22050643-73b9-4eec-ac73-4572d643ac1c.", "id [redacted]"},
		{"token eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln x",
		 "token [redacted] x"},
		{"key 0123456789abcdef01234567", "key [redacted]"},
		{"mixed AbCdEfGhIjKlMnOpQrStUvWx", "mixed [redacted]"},
		{"short abcdefghijklmn0123", "short abcdefghijklmn0123"},
		{"average_end_of_day_depository_balance_0_30 is null",
		 "average_end_of_day_depository_balance_0_30 is null"},
		{"MEGA_PAYMENT_TRANSACTION_MODE_CONFLICT",
		 "MEGA_PAYMENT_TRANSACTION_MODE_CONFLICT"},
		{"https://api.pngme.com/beta/nigeria/decision",
		 "https://api.pngme.com/beta/nigeria/decision"},
		{"/api/v1/statements/mpesa/report", "/api/v1/statements/mpesa/report"},
		{"cellphoneNumberIsRequiredHere", "cellphoneNumberIsRequiredHere"},
	};
	char text[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		snprintf(text, sizeof(text), "%s", cases[i].text);
		cs_text_redact(text);
		is_text(text, cases[i].expected, "redacted text %zu", i);
		cs_text_redact(text);
		is_text(text, cases[i].expected, "redacted twice %zu", i);
	}
}

static void
test_mask(void)
{
	static const struct
	{
		const char *subject;
		const char *expected;
	} cases[] = {
		{"254700123456", "25470****456"},
		{"2547001234567", "25470*****567"},
		{"12345678", "12****78"},
		{"12345", "1****"},
		{"1234", "****"},
		{"12", "**"},
		{"", ""},
		{"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", "\xC3\xA9****"},
		{"a\nb\x80zzzzzz", "a?b?****zz"},
	};
	char out[64];
	char small[8];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		cs_text_mask(cases[i].subject, out, sizeof(out));
		is_text(out, cases[i].expected, "masked subject %zu", i);
	}
	cs_text_mask("254700123456", small, sizeof(small));
	is_text(small, "25470**", "a small place shows no more");
	small[0] = 'x';
	cs_text_mask("254700123456", small, 0);
	ok(small[0] == 'x', "no place, nothing written");
}

int
main(void)
{
	char secret[16] = "secret";

	test_errors();
	test_pairs();
	test_buffer();
	test_encodings();
	test_utf8();
	test_redact();
	test_redact_tls();
	test_mask();
	cs_core_wipe(secret, sizeof(secret));
	ok(memcmp(secret, (char[16]){0}, sizeof(secret)) == 0, "memory is wiped");
	cs_core_wipe(NULL, 0);
	return done_testing();
}
