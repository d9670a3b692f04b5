/*
 * test_json.c
 *	  What is read as JSON, what is refused and why, and exact numbers.
 */
#include "base/buf.h"
#include "base/json.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "payload.h"

/* Parses a text from memory of exactly its size, without a NUL. */
static CsStatus
parse(const char *text, size_t len, struct json_object **root, CsError *err)
{
	char	*exact = malloc(len > 0 ? len : 1);
	CsStatus status;

	memcpy(exact, text, len);
	memset(err, 0, sizeof(*err));
	status = cs_json_parse(exact, len, root, err);
	free(exact);
	return status;
}

static void
test_accepted(void)
{
	static const struct
	{
		const char *text;
		const char *expected; /* as json-c writes it */
	} cases[] = {
		{"null", "null"},
		{"true", "true"},
		{" false\n", "false"},
		{"0", "0"},
		{"-1.5e3", "-1.5e3"},
		{"\t42\r\n", "42"},
		{"\"\"", "\"\""},
		{"[]", "[]"},
		{"\xEF\xBB\xBF{\"a\":1}", "{\"a\":1}"},
		{"\xEF\xBB\xBF\r\n 1.50", "1.50"},
		{"\xEF\xBB\xBF\"\xEF\xBB\xBF\"", "\"\xEF\xBB\xBF\""},
		{"{}", "{}"},
		{" [ ] ", "[]"},
		{"{ \"a\" : [ 1 , { } , null ] }", "{\"a\":[1,{},null]}"},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""},
		{"\"\\u00e9\\uD83D\\uDE00\"", "\"\xC3\xA9\xF0\x9F\x98\x80\""},
		{"\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\"",
		 "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\""},
		{"{\"a\":1,\"a\":2}", "{\"a\":2}"},
		{"{\"\":1}", "{\"\":1}"},
		{"{\"A\":1,\"a\":2}", "{\"A\":1,\"a\":2}"},
		{"[true,false,null,-0.0]", "[true,false,null,-0.0]"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		struct json_object *root;
		CsError				err;

		is_int(parse(cases[i].text, strlen(cases[i].text), &root, &err), CS_OK,
			   "accepted: %d", i);
		is_text(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN),
				cases[i].expected, "read: %d", i);
		json_object_put(root);
	}
}

#define REFUSED(text, cause, offset) \
	{ \
		text, sizeof(text) - 1, cause, offset \
	}

static void
test_refused(void)
{
	static const struct
	{
		const char *text;
		size_t		len;
		const char *cause;
		int			offset;
	} cases[] = {
		REFUSED("", "the end of the text too early", 0),
		REFUSED("  ", "the end of the text too early", 2),
		REFUSED("{\"a\":", "the end of the text too early", 5),
		REFUSED("{\"a\"", "the end of the text too early", 4),
		REFUSED("[1,", "the end of the text too early", 3),
		REFUSED("\"abc", "the end of the text too early", 4),
		REFUSED("\"abc\\", "the end of the text too early", 5),
		REFUSED("-", "the end of the text too early", 1),
		REFUSED("1.", "the end of the text too early", 2),
		REFUSED("1e", "the end of the text too early", 2),
		REFUSED("1e+", "the end of the text too early", 3),
		REFUSED("1 2", "more text after the value", 2),
		REFUSED("{}x", "more text after the value", 2),
		REFUSED("null\0", "more text after the value", 4),
		REFUSED("01", "more text after the value", 1),
		REFUSED("1.e5", "an unexpected character", 2),
		REFUSED("[1.]", "an unexpected character", 3),
		REFUSED("[-]", "an unexpected character", 2),
		REFUSED("+1", "an unexpected character", 0),
		REFUSED(".5", "an unexpected character", 0),
		REFUSED("0x10", "more text after the value", 1),
		REFUSED("NaN", "an unexpected character", 0),
		REFUSED("nan", "an unexpected character", 0),
		REFUSED("Infinity", "an unexpected character", 0),
		REFUSED("[-Infinity]", "an unexpected character", 2),
		REFUSED("True", "an unexpected character", 0),
		REFUSED("nul", "an unexpected character", 0),
		REFUSED("'a'", "an unexpected character", 0),
		REFUSED("{'a':1}", "an unexpected character", 1),
		REFUSED("{a:1}", "an unexpected character", 1),
		REFUSED("{1:1}", "an unexpected character", 1),
		REFUSED("{\"a\" 1}", "an unexpected character", 5),
		REFUSED("{\"a\":1,}", "an unexpected character", 7),
		REFUSED("{,}", "an unexpected character", 1),
		REFUSED("[1,]", "an unexpected character", 3),
		REFUSED("[,]", "an unexpected character", 1),
		REFUSED("[1 2]", "an unexpected character", 3),
		REFUSED("[1}", "an unexpected character", 2),
		REFUSED("{\"a\":1]", "an unexpected character", 6),
		REFUSED("]", "an unexpected character", 0),
		REFUSED("/* x */ 1", "an unexpected character", 0),
		REFUSED("[1] // x", "more text after the value", 4),
		REFUSED("[\f1]", "an unexpected character", 1),
		REFUSED("[\xC2\xA0"
				"1]",
				"an unexpected character", 1),
		REFUSED("\xEF\xBB\xBF\xEF\xBB\xBF{}", "an unexpected character", 3),
		REFUSED("\xEF\xBB\xBF", "the end of the text too early", 3),
		REFUSED("\xEF\xBB{}", "an unexpected character", 0),
		REFUSED(" \xEF\xBB\xBF{}", "an unexpected character", 1),
		REFUSED("{}\xEF\xBB\xBF", "more text after the value", 2),
		REFUSED("\"a\nb\"", "a raw control character", 2),
		REFUSED("\"a\0b\"", "a raw control character", 2),
		REFUSED("\"12345678\x1F\"", "a raw control character", 9),
		REFUSED("\"\\u0000\"", "the escape \\u0000", 2),
		REFUSED("{\"ab\\u0000c\":1}", "the escape \\u0000", 5),
		REFUSED("\"\\u12\"", "an incomplete \\u escape", 2),
		REFUSED("\"\\u12G4\"", "an incomplete \\u escape", 2),
		REFUSED("\"\\x41\"", "an unknown escape", 2),
		REFUSED("\"\\\0\"", "an unknown escape", 2),
		REFUSED("\"\\uD800\"", "a lone surrogate", 2),
		REFUSED("\"\\uDC00\"", "a lone surrogate", 2),
		REFUSED("\"\\uD800\\u0041\"", "a lone surrogate", 2),
		REFUSED("\"\\uD800\\uD800\"", "a lone surrogate", 2),
		REFUSED("\"\\uD83D\\uDE\"", "a lone surrogate", 2),
		REFUSED("\"\xC0\x80\"", "invalid UTF-8", 1),
		REFUSED("\"\xED\xA0\x80\"", "invalid UTF-8", 1),
		REFUSED("\"\xF4\x90\x80\x80\"", "invalid UTF-8", 1),
		REFUSED("\"1234567\xFF\"", "invalid UTF-8", 8),
		REFUSED("\"\xC3", "invalid UTF-8", 1),
		REFUSED("1e1001", "a number beyond all measure", 6),
		REFUSED("1e-99999999999999999999", "a number beyond all measure", 23),
		REFUSED("<html>", "an unexpected character", 0),
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		struct json_object *root = (struct json_object *) &root;
		CsError				err;
		char				detail[CS_DETAIL_SIZE];

		is_int(parse(cases[i].text, cases[i].len, &root, &err), CS_FAIL,
			   "refused: %d", i);
		is_int(err.code, CS_ERR_NOT_UNDERSTOOD, "refused as not understood");
		snprintf(detail, sizeof(detail), "Found %s at byte offset %d.",
				 cases[i].cause, cases[i].offset);
		is_text(err.detail, detail, "the reason is given: %d", i);
		ok(root == NULL, "no tree: %d", i);
	}
}

/* "[[[...]]]" or {"a":{"a":...}} of a depth. */
static CsStatus
parse_nested(bool objects, int depth, CsError *err)
{
	CsBuf				buf = {0};
	struct json_object *root;
	CsStatus			status;

	for (int i = 0; i < depth; i++)
		cs_buf_puts(&buf, objects ? "{\"a\":" : "[");
	cs_buf_puts(&buf, "1");
	for (int i = 0; i < depth; i++)
		cs_buf_puts(&buf, objects ? "}" : "]");
	status = parse(buf.data, buf.len, &root, err);
	json_object_put(root);
	cs_buf_free(&buf);
	return status;
}

static void
test_depth(void)
{
	for (int objects = 0; objects <= 1; objects++)
	{
		CsError err;

		is_int(parse_nested(objects, CS_JSON_MAX_DEPTH, &err), CS_OK,
			   "the deepest that is read");
		is_int(parse_nested(objects, CS_JSON_MAX_DEPTH + 1, &err), CS_FAIL,
			   "one level more is refused");
		is_int(err.code, CS_ERR_TOO_LARGE, "as too large");
		is_int(parse_nested(objects, 100000, &err), CS_FAIL,
			   "many levels more are refused");
		is_int(err.code, CS_ERR_TOO_LARGE, "as too large, too");
	}
}

/* A special byte at every place of a long string, for the fast path. */
static void
test_alignment(void)
{
	bool plain = true;
	bool control = true;
	bool quoted = true;

	for (size_t len = 0; len < 40; len++)
	{
		for (size_t at = 0; at < len; at++)
		{
			char				text[64];
			struct json_object *root;
			CsError				err;

			memset(text, 'a', sizeof(text));
			text[0] = text[len + 1] = '"';
			plain &= parse(text, len + 2, &root, &err) == CS_OK;
			json_object_put(root);
			text[at + 1] = 0x1F;
			control &= parse(text, len + 2, &root, &err) == CS_FAIL;
			text[at + 1] = '"';
			quoted &= parse(text, len + 2, &root, &err) == CS_FAIL;
		}
	}
	ok(plain, "plain strings of 0 to 39 bytes");
	ok(control, "a control character at any place");
	ok(quoted, "a quote at any place");
}

static void
test_numbers(void)
{
	static const struct
	{
		const char *text;
		const char *expected;
	} cases[] = {
		{"0", "0"},
		{"-7", "-7"},
		{"100.10", "100.10"},
		{"0.5300", "0.5300"},
		{"1e308", "1e308"},
		{"1E+5", "1E+5"},
		{"-1.0e-1000", "-1.0e-1000"},
		{"999999999999999999", "999999999999999999"},
		{"9223372036854775807", "9223372036854775807"},
		{"9223372036854775808", "9223372036854775808"},
		{"18446744073709551616", "18446744073709551616"},
		{"-12345678901234567890", "-12345678901234567890"},
		{"123456789012345678901234567890", "123456789012345678901234567890"},
		{"12345678901234567890.50", "12345678901234567890.50"},
		{"5e0", "5e0"},
		{"5.0e0", "5.0e0"},
		{"10e10", "10e10"},
		{"-0.0", "-0.0"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		struct json_object *root;
		CsError				err;
		char				buf[24];
		char				member[128];

		parse(cases[i].text, strlen(cases[i].text), &root, &err);
		is_text(cs_json_number(root, buf, sizeof(buf)), cases[i].expected,
				"%s at top level", cases[i].text);
		is_text(cs_json_number(root, buf, sizeof(buf)), cases[i].expected,
				"%s asked again", cases[i].text);
		json_object_put(root);

		snprintf(member, sizeof(member), "{\"a\":[%s, %s],\"b\":\"%s\"}",
				 cases[i].text, cases[i].text, cases[i].text);
		parse(member, strlen(member), &root, &err);
		is_text(cs_json_number(
					json_object_array_get_idx(cs_json_get(root, "a"), 1), buf,
					sizeof(buf)),
				cases[i].expected, "%s as a member", cases[i].text);
		is_text(cs_json_get_text(root, "b"), cases[i].text,
				"%s in a string is left alone", cases[i].text);
		json_object_put(root);
	}
}

static void
test_number_limits(void)
{
	char				digits[1100];
	struct json_object *root;
	CsError				err;
	char				buf[24];

	memset(digits, '9', sizeof(digits));
	is_int(parse(digits, 1000, &root, &err), CS_OK, "1000 digits are read");
	is_int((long long) strlen(cs_json_number(root, buf, sizeof(buf))), 1000,
		   "and kept");
	json_object_put(root);
	is_int(parse(digits, 1001, &root, &err), CS_FAIL, "1001 are not");
	is_int(err.code, CS_ERR_NOT_UNDERSTOOD, "but not understood");
	digits[1] = '.';
	is_int(parse(digits, 1002, &root, &err), CS_FAIL,
		   "digits of a fraction count");
	parse("5", 1, &root, &err);
	is_text(cs_json_number(root, buf, 1), NULL, "no room for an integer");
	json_object_put(root);
	is_text(cs_json_number(NULL, buf, sizeof(buf)), NULL, "null is no number");
}

static void
test_members(void)
{
	static const char text[] =
		"{\"t\":\"text\",\"n\":null,\"i\":86400,\"s\":\"3600\",\"f\":1.5,"
		"\"w\":3600.0,\"big\":9223372036854775807,\"over\":9223372036854775808,"
		"\"low\":-9223372036854775808,\"e\":\"\",\"sp\":\" 5\",\"x\":\"5x\","
		"\"plus\":\"+5\",\"b\":true,\"a\":[1]}";
	static const struct
	{
		const char *name;
		bool		found;
		int64_t		value;
	} cases[] = {
		{"i", true, 86400},		  {"s", true, 3600},		{"w", true, 3600},
		{"big", true, INT64_MAX}, {"low", true, INT64_MIN}, {"over", false, 0},
		{"f", false, 0},		  {"e", false, 0},			{"sp", false, 0},
		{"x", false, 0},		  {"plus", false, 0},		{"b", false, 0},
		{"a", false, 0},		  {"n", false, 0},			{"t", false, 0},
		{"absent", false, 0},
	};
	struct json_object *root;
	CsError				err;

	parse(text, sizeof(text) - 1, &root, &err);
	for (int i = 0; i < COUNT(cases); i++)
	{
		int64_t value = 0;
		bool	found = cs_json_get_int64(root, cases[i].name, &value);

		is_int(found, cases[i].found, "integer \"%s\": found", cases[i].name);
		if (found)
			is_int(value, cases[i].value, "integer \"%s\": value",
				   cases[i].name);
	}
	is_text(cs_json_get_text(root, "t"), "text", "text member");
	is_text(cs_json_get_text(root, "i"), NULL, "a number is no text");
	is_text(cs_json_get_text(root, "n"), NULL, "null is no text");
	ok(cs_json_get(root, "n") == NULL, "null member is NULL");
	ok(cs_json_get(cs_json_get(root, "a"), "t") == NULL, "list has no member");
	ok(cs_json_get(NULL, "t") == NULL, "NULL has no member");
	json_object_put(root);
}

int
main(void)
{
	struct json_object *root;
	CsError				err;

	test_accepted();
	test_refused();
	test_depth();
	test_alignment();
	test_numbers();
	test_number_limits();
	test_members();
	is_int(cs_json_parse("{}", (size_t) 3 << 30, &root, &err), CS_FAIL,
		   "more than json-c can count");
	is_int(err.code, CS_ERR_TOO_LARGE, "is too large");
	return done_testing();
}
