/*-------------------------------------------------------------------------
 * feature_catalogue.h
 *	  The features that Pngme's feature dictionary defines, as data.
 *
 * Owns no memory: everything it hands out is constant.
 *
 * A family is a feature without its window: the dictionary has the family
 * net_cash_flow in three windows, and answers name its features
 * net_cash_flow_0_30, net_cash_flow_31_90 and net_cash_flow_0_90.
 *------------------------------------------------------------------------- */
#ifndef CS_FEATURE_CATALOGUE_H
#define CS_FEATURE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

/* The page that says what all features mean. */
#define CS_FEATURE_SOURCE \
	"https://developers.api.pngme.com/reference/feature-dictionary"

/* The feature that answers also have beside "features". */
#define CS_FEATURE_DATA_RECENCY "data_recency_minutes"

/* Room for the name of any feature of the catalogue. */
#define CS_FEATURE_NAME_SIZE 80

typedef enum CsFeatureType
{
	CS_FEATURE_FLOAT,
	CS_FEATURE_INT,
	CS_FEATURE_TEXT
} CsFeatureType;

/*
 * Days before the prediction date: utc_endtime of the question, or when it was
 * asked.  Both are CS_NO_WINDOW for a feature without window.
 */
#define CS_NO_WINDOW (-1)

typedef struct CsFeatureWindow
{
	int from_days;
	int to_days;
} CsFeatureWindow;

typedef struct CsFeatureFamily
{
	const char *name;
	int			nwindows;			/* at least 1, which may be CS_NO_WINDOW */
	const CsFeatureWindow *windows; /* in the dictionary's order */
	CsFeatureType		   type;
	const char			  *unit;	 /* NULL for a text */
	bool				   nullable; /* may an answer have null? */
	const char *definition;			 /* without its window and its full stop */
} CsFeatureFamily;

/* A family in one of its windows. */
typedef struct CsFeature
{
	const CsFeatureFamily *family;
	CsFeatureWindow		   window;
	int					   position; /* in the catalogue, from 0 */
} CsFeature;

/* A name taken apart; any name can be. */
typedef struct CsFeatureName
{
	const char	   *family; /* points into the name; not NUL-terminated */
	size_t			len;
	CsFeatureWindow window;
	bool			is_twin; /* says whether the feature was imputed */
} CsFeatureName;

/* The families, in the order of their names; NULL beyond the last. */
extern const CsFeatureFamily *cs_feature_catalogue_family_at(int i);

/* NULL when there is no such family. */
extern const CsFeatureFamily *
cs_feature_catalogue_family_find(const char *name, size_t len);

/*
 * The features: families as above, each in its windows' order; false beyond
 * the last.
 */
extern bool cs_feature_catalogue_at(int position, CsFeature *feature);

/* By family and window; false when the catalogue has no such feature. */
extern bool
cs_feature_catalogue_find(const CsFeatureName *name, CsFeature *feature);

/*
 * Takes a name apart, whether or not the catalogue has it: "_was_imputed" at
 * the end makes a twin; "_<from>_<to>" before that is a window if both are
 * written as one writes numbers and from is not beyond to.  What is taken off
 * can be put on again: different names have different parts.
 */
extern void cs_feature_catalogue_name_parse(const char *text, size_t len,
											CsFeatureName *name);

/* A feature's full name; out has CS_FEATURE_NAME_SIZE bytes. */
extern void cs_feature_catalogue_name_put(const CsFeature *feature, char *out);

/* float, int or text */
extern const char *cs_feature_catalogue_type_name(CsFeatureType type);

#endif /* CS_FEATURE_CATALOGUE_H */
