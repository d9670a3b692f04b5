/*
 * test_feature_catalogue.c
 *	  The catalogue of features against a list of what the dictionary has, and
 *	  names taken apart.
 */
#include "reading/feature_catalogue.h"

#include <ctype.h>

#include "payload.h"

#define FAMILIES 43
#define FEATURES 107

/* The only feature of which the dictionary does not say that it may be null. */
#define NOT_NULL "count_loan_defaulted_events"

/* A line of the list. */
typedef struct Listed
{
	char name[128];
	char windows[64];
	char type[16];
} Listed;

static Listed listed[FAMILIES + 1];
static int	  nlisted;

static void
read_list(void)
{
	size_t		len;
	char	   *bytes = read_data("feature_dictionary.txt", &len);
	char	   *text = malloc(len + 1);
	const char *line;

	memcpy(text, bytes, len);
	text[len] = '\0';
	for (line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
	{
		Listed *l = &listed[nlisted];

		if (line[0] == '#')
			continue;
		if (nlisted == COUNT(listed) ||
			sscanf(line, "%127[a-z_]\t%63[0-9,-]\t%15[a-z,]", l->name,
				   l->windows, l->type) != 3)
		{
			printf("Bail out! cannot read \"%s\"\n", line);
			exit(1);
		}
		nlisted++;
	}
	free(text);
	free(bytes);
}

/* Takes apart a copy that ends where the name does, for valgrind to see. */
static bool
find(const char *name, CsFeatureName *parts, CsFeature *feature)
{
	size_t len = strlen(name);
	char  *copy = malloc(len > 0 ? len : 1);
	bool   found;

	memcpy(copy, name, len);
	cs_feature_catalogue_name_parse(copy, len, parts);
	found = cs_feature_catalogue_find(parts, feature);
	/* callers look at lengths only */
	parts->family = NULL;
	free(copy);
	return found;
}

static const char *
listed_type(CsFeatureType type)
{
	static const char *const names[] = {
		[CS_FEATURE_FLOAT] = "float,null",
		[CS_FEATURE_INT] = "int,null",
		[CS_FEATURE_TEXT] = "str,null",
	};

	return names[type];
}

/* The windows of a family as the list writes them. */
static void
write_windows(const CsFeatureFamily *family, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < family->nwindows; i++)
	{
		const CsFeatureWindow *w = &family->windows[i];

		if (w->from_days == CS_NO_WINDOW && w->to_days == CS_NO_WINDOW)
			len += (size_t) snprintf(out + len, size - len, "%s-",
									 i > 0 ? "," : "");
		else
			len +=
				(size_t) snprintf(out + len, size - len, "%s%d-%d",
								  i > 0 ? "," : "", w->from_days, w->to_days);
	}
}

/* Each line of the list is a family, with these windows and this type. */
static void
test_list_in_catalogue(void)
{
	is_int(nlisted, FAMILIES, "the list has its lines");
	for (int i = 0; i < nlisted; i++)
	{
		const Listed		  *l = &listed[i];
		const CsFeatureFamily *family =
			cs_feature_catalogue_family_find(l->name, strlen(l->name));
		char windows[64];

		if (!ok(family != NULL, "%s is in the catalogue", l->name))
			continue;
		is_text(family->name, l->name, "%s: under its name", l->name);
		write_windows(family, windows, sizeof(windows));
		is_text(windows, l->windows, "%s: windows", l->name);
		is_text(strcmp(l->name, NOT_NULL) == 0 ? "int"
											   : listed_type(family->type),
				l->type, "%s: type", l->name);
		ok(family->nullable, "%s may be null", l->name);
	}
	is_int(cs_feature_catalogue_family_find(NOT_NULL, strlen(NOT_NULL))->type,
		   CS_FEATURE_INT, "what may not be null is an int");
}

/* Each family is a line of the list. */
static void
test_catalogue_in_list(void)
{
	int n;

	for (n = 0; cs_feature_catalogue_family_at(n) != NULL; n++)
	{
		const char *name = cs_feature_catalogue_family_at(n)->name;
		int			lines = 0;

		for (int i = 0; i < nlisted; i++)
			lines += strcmp(listed[i].name, name) == 0;
		is_int(lines, 1, "%s is in the list", name);
		if (n < nlisted)
			is_text(name, listed[n].name, "%s is in its place", name);
	}
	is_int(n, FAMILIES, "there are so many families");
	ok(cs_feature_catalogue_family_at(-1) == NULL, "none before the first");
}

/* Each feature, by its place, by its name, and as the list would name it. */
static void
test_features(void)
{
	CsFeature feature;
	int		  n;

	for (n = 0; cs_feature_catalogue_at(n, &feature); n++)
	{
		char		  name[CS_FEATURE_NAME_SIZE];
		CsFeatureName parts;
		CsFeature	  found = {0};

		is_int(feature.position, n, "feature %d knows its place", n);
		cs_feature_catalogue_name_put(&feature, name);
		ok(find(name, &parts, &found), "%s is found", name);
		is_int(found.position, n, "%s: at its place", name);
		ok(found.family == feature.family, "%s: in its family", name);
		ok(!parts.is_twin && parts.len == strlen(feature.family->name),
		   "%s: ends where its window begins", name);
		is_int(found.window.from_days, feature.window.from_days, "%s: from",
			   name);
		is_int(found.window.to_days, feature.window.to_days, "%s: to", name);
		ok(strlen(name) + 1 < CS_FEATURE_NAME_SIZE, "%s: has room", name);
	}
	is_int(n, FEATURES, "there are so many features");
	ok(!cs_feature_catalogue_at(-1, &feature), "none before the first");
}

/* What the words of the catalogue have in common. */
static void
test_words(void)
{
	static const char *const units[] = {"count",	"count per day",
										"currency", "currency per day",
										"minutes",	"ratio"};
	const CsFeatureFamily	*family;

	for (int i = 0; (family = cs_feature_catalogue_family_at(i)) != NULL; i++)
	{
		const char *definition = family->definition;
		size_t		len = strlen(definition);
		int			same = 0;
		bool		known = family->unit == NULL;

		for (int j = 0; j < COUNT(units); j++)
			known |=
				family->unit != NULL && strcmp(family->unit, units[j]) == 0;
		ok(known, "%s: a unit of ours", family->name);
		is_int(family->unit == NULL, family->type == CS_FEATURE_TEXT,
			   "%s: only a text has no unit", family->name);
		ok(family->type != CS_FEATURE_INT ||
			   strcmp(family->unit, "count") == 0 ||
			   strcmp(family->unit, "minutes") == 0,
		   "%s: integers count", family->name);
		ok(isupper((unsigned char) definition[0]) &&
			   definition[len - 1] != '.' && strstr(definition, "  ") == NULL,
		   "%s: a sentence without its end", family->name);
		for (int j = 0; cs_feature_catalogue_family_at(j) != NULL; j++)
			same += strcmp(cs_feature_catalogue_family_at(j)->definition,
						   definition) == 0;
		is_int(same, 1, "%s: has a definition of its own", family->name);
	}
	is_text(cs_feature_catalogue_type_name(CS_FEATURE_FLOAT), "float",
			"a type's name");
	is_text(cs_feature_catalogue_type_name(CS_FEATURE_INT), "int",
			"a type's name");
	is_text(cs_feature_catalogue_type_name(CS_FEATURE_TEXT), "text",
			"a type's name");
}

#define NO CS_NO_WINDOW

static void
test_names(void)
{
	static const struct
	{
		const char *name;
		int			len; /* of the family */
		int			from;
		int			to;
		bool		is_twin;
		bool		known;
	} cases[] = {
		{"sum_of_credits_0_30", 14, 0, 30, false, true},
		{"sum_of_credits_31_90", 14, 31, 90, false, true},
		{"sum_of_credits_0_30_was_imputed", 14, 0, 30, true, true},
		{"primary_currency", 16, NO, NO, false, true},
		{"primary_currency_was_imputed", 16, NO, NO, true, true},
		{"sum_of_depository_balances_latest", 33, NO, NO, false, true},
		/* the family, but not in this window */
		{"sum_of_credits", 14, NO, NO, false, false},
		{"sum_of_credits_0_10", 14, 0, 10, false, false},
		{"sum_of_credits_30_90", 14, 30, 90, false, false},
		{"primary_currency_0_30", 16, 0, 30, false, false},
		{"slope_end_of_day_loan_balance_0_30", 29, 0, 30, false, false},
		/* unknown, with and without a window */
		{"count_opened_loans_0_90", 18, 0, 90, false, false},
		{"count_opened_loans_0_90_was_imputed", 18, 0, 90, true, false},
		{"x_0_0", 1, 0, 0, false, false},
		{"x_7_7", 1, 7, 7, false, false},
		{"x_0_99999", 1, 0, 99999, false, false},
		{"a_1_2_3_4", 5, 3, 4, false, false},
		{"__0_30", 1, 0, 30, false, false},
		{"sum_of_credit_0_30", 13, 0, 30, false, false},
		{"sum_of_creditss_0_30", 15, 0, 30, false, false},
		{"Sum_of_credits_0_30", 14, 0, 30, false, false},
		{"\xc3\xa9_0_30", 2, 0, 30, false, false},
		{"zzz", 3, NO, NO, false, false},
		/* no windows */
		{"x_30_0", 6, NO, NO, false, false},
		{"x_0", 3, NO, NO, false, false},
		{"x_0_", 4, NO, NO, false, false},
		{"x__30", 5, NO, NO, false, false},
		{"x_00_30", 7, NO, NO, false, false},
		{"x_0_030", 7, NO, NO, false, false},
		{"x_0_100000", 10, NO, NO, false, false},
		{"x_0_99999999999999999999", 24, NO, NO, false, false},
		{"x_-1_30", 7, NO, NO, false, false},
		{"x_0_30 ", 7, NO, NO, false, false},
		{"x0_30", 5, NO, NO, false, false},
		{"_0_30", 5, NO, NO, false, false},
		{"0_30", 4, NO, NO, false, false},
		{"_0", 2, NO, NO, false, false},
		{"_", 1, NO, NO, false, false},
		{"7", 1, NO, NO, false, false},
		{"", 0, NO, NO, false, false},
		/* twins */
		{"_was_imputed", 12, NO, NO, false, false},
		{"x_was_imputed", 1, NO, NO, true, false},
		{"was_imputed", 11, NO, NO, false, false},
		{"x_was_imputed_was_imputed", 13, NO, NO, true, false},
		{"x_was_imputed_0_30", 13, 0, 30, false, false},
		{"_0_30_was_imputed", 5, NO, NO, true, false},
		{"x_Was_Imputed", 13, NO, NO, false, false},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		CsFeatureName parts;
		CsFeature	  feature;
		const char	 *name = cases[i].name;

		is_int(find(name, &parts, &feature), cases[i].known, "\"%s\": known",
			   name);
		is_int((long long) parts.len, cases[i].len, "\"%s\": family", name);
		is_int(parts.window.from_days, cases[i].from, "\"%s\": from", name);
		is_int(parts.window.to_days, cases[i].to, "\"%s\": to", name);
		is_int(parts.is_twin, cases[i].is_twin, "\"%s\": twin", name);
	}
}

int
main(void)
{
	read_list();
	test_list_in_catalogue();
	test_catalogue_in_list();
	test_features();
	test_words();
	test_names();
	return done_testing();
}
