/*-------------------------------------------------------------------------
 * test_sandbox_body.c
 *	  The sandbox's reading of bodies: JSON of any depth, forms, and rules
 *	  about what must be where.
 *------------------------------------------------------------------------- */
#include "core/json.h"

#include <stdlib.h>

#include "core/form.h"
#include "tap.h"

/* A borrower with loans, as providers of loans take it. */
static const char borrower[] =
	"{\"borrowerId\":\"10023\",\"category\":\"individual\",\"company\":null,"
	"\"individual\":{\"surname\":\"Garvey\",\"noOfDependants\":2,"
	"\"photos\":[],\"address\":{\"town\":{\"name\":\"Nairobi\"}}},"
	"\"loans\":[{\"loanId\":\"a\",\"principalAmount\":1000.50},"
	"{\"loanId\":\"b\",\"principalAmount\":2000},"
	"{\"loanId\":\"\",\"principalAmount\":\"3000\"}],"
	"\"settings\":{\"timezone\":\"Africa/Nairobi\",\"active\":true}}";

static json_object *
parse(const char *text)
{
	return sb_json_parse(text, strlen(text));
}

/* Parses a text, and says whether it was JSON. */
static bool
is_json(const char *text)
{
	json_object *tree = parse(text);
	bool		 read = tree != NULL;

	json_object_put(tree);
	return read;
}

static void
test_parse(void)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"{\"a\":1",
		"{\"a\":1}}",
		"{\"a\":1} x",
		"{\"a\":1,}",
		"{'a':1}",
		"{\"a\":'b'}",
		"{a:1}",
		"{\"a\":01}",
		"{\"a\":nan}",
		"{\"a\":\"line\nbreak\"}",
		"{\"a\":\"\t\"}",
		"{\"a\":\"\\x\"}",
		"{\"a\":1}/* */",
	};
	static const char *const good[] = {
		"{}",
		" {\"a\":1}\r\n\t",
		"[1,[2,[3]]]",
		"\"it's\"",
		"12",
		"true",
		"{\"a\":\"it's\",\"b\":\"\\\"'\\\\\"}",
	};
	json_object *tree;
	size_t		 i;

	for (i = 0; i < lengthof(bad); i++)
		ok(!is_json(bad[i]), "no JSON: %zu", i);
	for (i = 0; i < lengthof(good); i++)
		ok(is_json(good[i]), "JSON: %zu", i);
	tree = sb_json_parse("{\"a\":1}garbage", 7);
	ok(tree != NULL, "only as many bytes are read as there are");
	json_object_put(tree);
}

/* A body may be as deep as anybody writes it, and no deeper than any stack. */
static void
test_depth(void)
{
	enum
	{
		DEEP = 3000,
		TOO_DEEP = 100000
	};
	char *text = malloc(2 * TOO_DEEP);

	memset(text, '[', DEEP);
	memset(text + DEEP, ']', DEEP);
	{
		json_object *tree = sb_json_parse(text, 2 * DEEP);

		ok(tree != NULL, "3000 deep is read");
		ok(sb_json_has_type(sb_json_at(tree, "0.0.0.0"), SB_JSON_ARRAY),
		   "and reached into");
		json_object_put(tree);
	}
	memset(text, '[', TOO_DEEP);
	memset(text + TOO_DEEP, ']', TOO_DEEP);
	ok(sb_json_parse(text, 2 * TOO_DEEP) == NULL, "100000 deep is refused");
	ok(is_json("{\"a\":1}"), "and what comes after it is read");
	free(text);
}

static void
test_paths(void)
{
	json_object *tree = parse(borrower);
	json_object *text = parse("{\"a\":\"x\\u0000y\",\"b\":{\"1\":\"one\"}}");
	size_t		 len = 99;

	is_text(sb_json_string(tree, "individual.address.town.name", &len),
			"Nairobi", "a string four levels down");
	is_int((long long) len, 7, "and its length");
	is_text(sb_json_string(tree, "loans.1.loanId", NULL), "b",
			"a member of an array's second place");
	is_text(sb_json_string(text, "b.1", NULL), "one",
			"a number is a member's name in an object");
	ok(sb_json_is(tree, "settings.timezone", "Africa/Nairobi"), "is it this");
	ok(!sb_json_is(tree, "settings.timezone", "Africa"), "not its beginning");
	ok(!sb_json_is(text, "a", "x"), "a NUL does not end a string");
	ok(sb_json_at(tree, "") == tree, "the empty path is the tree");
	ok(sb_json_at(tree, "company") == NULL, "null is absent");
	ok(sb_json_at(tree, "company.name") == NULL, "and so is what is in it");
	ok(sb_json_at(tree, "borrowerId.x") == NULL, "a string has no members");
	ok(sb_json_at(tree, "loans.3") == NULL, "behind an array's last place");
	ok(sb_json_at(tree, "loans.-1") == NULL, "before its first");
	ok(sb_json_at(tree, "loans.loanId") == NULL, "an array has no members");
	ok(sb_json_at(tree, "individual..town") == NULL, "an empty step");
	ok(sb_json_at(NULL, "a") == NULL, "no tree at all");
	is_text(sb_json_string(tree, "individual.noOfDependants", NULL), NULL,
			"a number is no string");
	json_object_put(tree);
	json_object_put(text);
}

/* Tests which rule of a table a tree breaks, and where. */
static void
breaks(json_object *tree, const SbJsonRule *rules, const char *rule,
	   const char *where)
{
	SbText			  place = {0};
	const SbJsonRule *broken = sb_json_broken(tree, rules, &place);

	is_text(broken != NULL ? broken->path : NULL, rule, "the rule broken");
	is_text(sb_text_end(&place), where, "where");
	sb_text_free(&place);
}

static void
test_rules(void)
{
	static const SbJsonRule good[] = {
		{"borrowerId", SB_JSON_FILLED, true},
		{"individual", SB_JSON_OBJECT, true},
		{"individual.surname", SB_JSON_FILLED, true},
		{"individual.noOfDependants", SB_JSON_NUMBER, true},
		{"individual.photos", SB_JSON_ARRAY, true},
		{"individual.photos.*.url", SB_JSON_FILLED, true},
		{"company.name", SB_JSON_FILLED, true},
		{"devices.*.deviceId", SB_JSON_FILLED, true},
		{"loans.*.loanId", SB_JSON_STRING, true},
		{"loans.*.endDate", SB_JSON_STRING, false},
		{"settings.active", SB_JSON_BOOLEAN, true},
		{"settings.timezone", SB_JSON_ANY, true},
		{NULL, 0, false},
	};
	static const SbJsonRule missing[] = {
		{"borrowerId", SB_JSON_FILLED, true},
		{"individual.dateOfBirth", SB_JSON_FILLED, true},
		{NULL, 0, false},
	};
	static const SbJsonRule null[] = {
		{"company", SB_JSON_OBJECT, false},
		{"company", SB_JSON_OBJECT, true},
		{NULL, 0, false},
	};
	static const SbJsonRule each[] = {
		{"loans.*.principalAmount", SB_JSON_NUMBER, true},
		{NULL, 0, false},
	};
	static const SbJsonRule empty[] = {
		{"loans.*.loanId", SB_JSON_FILLED, false},
		{NULL, 0, false},
	};
	json_object *tree = parse(borrower);

	breaks(tree, good, NULL, "");
	breaks(tree, missing, "individual.dateOfBirth", "individual.dateOfBirth");
	breaks(tree, null, "company", "company");
	breaks(tree, each, "loans.*.principalAmount", "loans.2.principalAmount");
	breaks(tree, empty, "loans.*.loanId", "loans.2.loanId");
	breaks(NULL, missing, "borrowerId", "borrowerId");
	json_object_put(tree);
}

static bool
is_large(json_object *value)
{
	return json_object_get_double(value) >= 1000.5;
}

/* Tests whether what lies at a path is large, and where it is not. */
static void
passes(json_object *tree, const char *path, const char *not_there)
{
	SbText where = {0};

	ok(sb_json_passes(tree, path, is_large, &where) == (not_there == NULL),
	   "is large or absent: %s", path);
	is_text(sb_text_end(&where), not_there != NULL ? not_there : "", "where");
	sb_text_free(&where);
}

static void
test_checks(void)
{
	json_object *tree = parse(borrower);

	passes(tree, "loans.*.principalAmount", NULL);
	passes(tree, "individual.noOfDependants", "individual.noOfDependants");
	passes(tree, "loans.*.loanId", "loans.0.loanId");
	passes(tree, "loans.*.endDate", NULL);
	passes(tree, "company.shares", NULL);
	passes(tree, "individual.photos.*.size", NULL);
	passes(NULL, "loans", NULL);
	json_object_put(tree);
}

static void
test_form(void)
{
	static const char text[] =
		"grant_type=client_credentials&client_id=a%2Bb%26c&empty=&flag&"
		"scope=platform+platform.lending%3Aread&client_id=other&=nameless&"
		"bad=100%&half=%4&hex=%zz&caf%C3%A9=%e2%82%ac&a[b]=c=d";
	json_object *form = sb_form_parse(text, strlen(text));

	is_text(sb_json_string(form, "grant_type", NULL), "client_credentials",
			"a field as it is");
	is_text(sb_json_string(form, "client_id", NULL), "a+b&c",
			"escapes, and the first of a name");
	is_text(sb_json_string(form, "empty", NULL), "", "an empty value");
	ok(sb_json_at(form, "flag") == NULL, "without = there is no field");
	is_text(sb_json_string(form, "bad", NULL), "100%",
			"a percent sign at the end");
	is_text(sb_json_string(form, "half", NULL), "%4", "half an escape");
	is_text(sb_json_string(form, "hex", NULL), "%zz", "no escape at all");
	is_text(sb_json_string(form, "caf\xc3\xa9", NULL), "\xe2\x82\xac",
			"UTF-8 in name and value");
	is_text(sb_json_string(form, "a[b]", NULL), "c=d", "= inside a value");
	is_text(sb_json_string(form, "scope", NULL),
			"platform platform.lending:read", "+ is a space");
	is_int(json_object_object_length(form), 10, "and nothing else");
	json_object_put(form);

	form = sb_form_parse(NULL, 0);
	is_int(json_object_object_length(form), 0, "an empty form has no field");
	json_object_put(form);
}

int
main(void)
{
	test_parse();
	test_depth();
	test_paths();
	test_rules();
	test_checks();
	test_form();
	return done_testing();
}
