/*-------------------------------------------------------------------------
 * lenderlink_scores.c
 *	  The scores of a LenderLink answer.
 *
 * Product "911;" is answered with the counters of 11 windows, "CVSCR2;" with
 * the newer form of 13 windows; a telco product beside them ("911;G;") adds a
 * list of pairs.  Counters agree with each other: windows nest, Total = Same +
 * Others, and Others is the sum of its parts.
 *------------------------------------------------------------------------- */
#include "provider/lenderlink/lenderlink_scores.h"

#include <stdio.h>

#include "core/hash.h"

/* The series of both forms; PART_* add up to OTHERS. */
enum
{
	TOTAL,
	UNIQUE,
	SAME,
	OTHERS,
	PARTS
};

#define MAX_WINDOWS 13
#define MAX_SERIES	12

/* One form of the answer. */
typedef struct Form
{
	const char *product;
	const char *number_field;
	const char *totals[4]; /* names of the all-time members; NULL: absent */
	const char *
		series[MAX_SERIES]; /* names, in the order of the enum; NULL: absent */
	int nseries;
	int windows[MAX_WINDOWS];
	int nwindows;
	bool by_window; /* all series of a window together */
} Form;

static const Form forms[] = {
	[SB_LAC_911] =
		{
			.product = "911",
			.number_field = "mobileNumber",
			.totals = {"requestsTotalAll", "uniqueEntitiesTotalAll",
					   "requestsSameTotalAll", "requestsOtherTotalAll"},
			.series = {"requestsTotal", "uniqueEntities", "requestsSame",
					   "requestsOthers", "requestsBank", "requestsNonBank"},
			.nseries = 6,
			.windows = {1, 7, 14, 21, 28, 35, 45, 60, 90, 180, 360},
			.nwindows = 11,
		},
	[SB_LAC_CVSCR2] =
		{
			.product = "CVSCR2",
			.number_field = "cellphoneNumber",
			.totals = {"reqTotalAll", "unqEntitiesTotalAll", NULL,
					   "reqOthersTotalAll"},
			.series = {"reqTotal", "unqEntities", NULL, "reqOthers", "reqBnpl",
					   "reqPos", "reqDigiLoan", "reqDigiBank", "reqCashLoan",
					   "reqAuto", "reqBank", "reqDigiBnpl"},
			.nseries = 12,
			.windows = {1, 7, 14, 21, 28, 35, 45, 60, 90, 180, 360, 540, 720},
			.nwindows = 13,
			.by_window = true,
		},
};

/* Telco products, answered with a list of pairs. */
static const char *const telco_products[] = {"G", "GL1", "Q1", "DT1", "10"};

/* Rendered once: ,"name": of each series and window. */
static SbText labels[lengthof(forms)][MAX_SERIES][MAX_WINDOWS];

/* The last place of each row is the all-time count. */
typedef int Counts[MAX_SERIES][MAX_WINDOWS + 1];

void
sb_lenderlink_scores_init(void)
{
	size_t f;
	int	   s;
	int	   w;

	for (f = 0; f < lengthof(forms); f++)
	{
		for (s = 0; s < forms[f].nseries; s++)
		{
			for (w = 0; w < forms[f].nwindows && forms[f].series[s] != NULL;
				 w++)
			{
				char label[64];

				snprintf(label, sizeof(label),
						 ",\"%s%d\":", forms[f].series[s],
						 forms[f].windows[w]);
				sb_text_str(&labels[f][s][w], label);
			}
		}
	}
}

static int
increment(uint64_t seed, int series, int w, uint64_t below)
{
	return (int) (sb_hash_pick(seed, (uint64_t) (series * 64 + w)) % below);
}

/* Fills all series so that they agree with each other. */
static void
make_counts(uint64_t seed, const Form *form, Counts counts)
{
	int s;
	int w;

	memset(counts, 0, sizeof(Counts));
	for (w = 0; w <= form->nwindows; w++)
	{
		int before = w > 0 ? w - 1 : 0;

		for (s = PARTS; s < form->nseries; s++)
		{
			counts[s][w] =
				counts[s][before] + increment(seed, s, w, w < 4 ? 2 : 3);
			counts[OTHERS][w] += counts[s][w];
		}
		counts[SAME][w] = counts[SAME][before] + increment(seed, SAME, w, 2);
		counts[TOTAL][w] = counts[SAME][w] + counts[OTHERS][w];
		counts[UNIQUE][w] =
			counts[UNIQUE][before] + increment(seed, UNIQUE, w, 2);
		if (counts[UNIQUE][w] == 0 && counts[TOTAL][w] > 0)
			counts[UNIQUE][w] = 1;
		if (counts[UNIQUE][w] > counts[TOTAL][w])
			counts[UNIQUE][w] = counts[TOTAL][w];
	}
}

static void
put_count(SbText *out, const SbLacScores *scores, int s, int w, int count)
{
	static const char misprint[] = ",\"requestsNonBank17\":";
	int				  f = scores->form;
	bool			  odd = scores->oddities && f == SB_LAC_911;
	bool			  quoted = odd && s == UNIQUE && forms[f].windows[w] == 60;

	if (odd && s == forms[f].nseries - 1 && forms[f].windows[w] == 7)
		sb_text_str(out, misprint);
	else
		sb_text_mem(out, labels[f][s][w].data, labels[f][s][w].len);
	if (quoted)
		sb_text_char(out, '"');
	sb_text_int(out, count);
	if (quoted)
		sb_text_char(out, '"');
}

static void
put_counts(SbText *out, const SbLacScores *scores, Counts counts)
{
	const Form *form = &forms[scores->form];
	int			outer = form->by_window ? form->nwindows : form->nseries;
	int			inner = form->by_window ? form->nseries : form->nwindows;
	int			i;
	int			k;

	for (i = 0; i < outer; i++)
	{
		for (k = 0; k < inner; k++)
		{
			int s = form->by_window ? k : i;
			int w = form->by_window ? i : k;

			if (form->series[s] != NULL)
				put_count(out, scores, s, w, counts[s][w]);
		}
	}
	for (i = 0; i < 4; i++)
	{
		if (form->totals[i] == NULL)
			continue;
		sb_text_str(out, ",\"");
		sb_text_str(out, form->totals[i]);
		sb_text_str(out, "\":");
		sb_text_int(out, counts[i][form->nwindows]);
	}
}

/* Two members with score and band, each with a comma before it. */
static void
put_score(SbText *out, const SbLacScores *scores, const char *score_name,
		  const char *band_name)
{
	int score = 300 + (int) (sb_hash_pick(scores->seed, 5000) % 600);

	sb_text_str(out, score_name);
	if (scores->null_score)
		sb_text_str(out, "null");
	else
		sb_text_int(out, score);
	sb_text_str(out, band_name);
	if (scores->null_score)
		sb_text_str(out, "null");
	else
		sb_text_int(out, 1 + (score - 300) / 60);
}

void
sb_lenderlink_scores_put_ptd(SbText *out, const SbLacScores *scores)
{
	put_score(out, scores, ",\"scorePtd\":", ",\"bandPtd\":");
}

static void
put_form(SbText *out, const SbLacScores *scores)
{
	const Form *form = &forms[scores->form];
	bool		ptd = scores->form == SB_LAC_911;
	Counts		counts;
	size_t		start;

	make_counts(scores->seed, form, counts);
	if (scores->no_hit)
		memset(counts, 0, sizeof(counts));
	sb_text_char(out, '"');
	sb_text_str(out, form->product);
	sb_text_str(out, "\":{");
	if (scores->form == SB_LAC_CVSCR2)
	{
		sb_text_str(out, "\"cvScore\":{");
		put_score(out, scores, "\"score\":", ",\"band\":");
		sb_text_str(out, "},");
	}
	sb_text_str(out, "\"cvTotals\":");
	start = out->len;
	put_counts(out, scores, counts);
	out->data[start] = '{'; /* over the first comma */
	if (ptd && scores->place == SB_LAC_TOTALS)
		sb_lenderlink_scores_put_ptd(out, scores);
	sb_text_char(out, '}');
	if (ptd && scores->place == SB_LAC_PRODUCT)
		sb_lenderlink_scores_put_ptd(out, scores);
	sb_text_char(out, '}');
}

static void
put_telco(SbText *out, const char *product, size_t len, uint64_t seed)
{
	int score = 300 + (int) (sb_hash_pick(seed, 6000) % 301);

	sb_text_json(out, product, len);
	sb_text_str(out, ":[[\"score\",");
	sb_text_int(out, score);
	sb_text_str(out, "],[\"band\",");
	sb_text_int(out, 10 - (score - 300) / 31);
	sb_text_str(out, "]]");
}

static bool
is_telco(const char *product, size_t len)
{
	size_t i;

	for (i = 0; i < lengthof(telco_products); i++)
	{
		if (strlen(telco_products[i]) == len &&
			memcmp(telco_products[i], product, len) == 0)
			return true;
	}
	return false;
}

/*
 * The next product of "A;B;": moves "at" behind it, and returns its length; 0
 * at the end, and when nothing is before the semicolon or that is missing.
 */
static size_t
next_product(const char **at)
{
	size_t len = strcspn(*at, ";");

	if ((*at)[len] == '\0')
		return 0;
	*at += len + 1;
	return len;
}

static bool
is_own(int form, const char *product, size_t len)
{
	return strlen(forms[form].product) == len &&
		   memcmp(forms[form].product, product, len) == 0;
}

bool
sb_lenderlink_scores_known(int form, const char *products)
{
	const char *product = products;
	size_t		len;

	while ((len = next_product(&products)) > 0)
	{
		if (!is_own(form, product, len) && !is_telco(product, len))
			return false;
		product = products;
	}
	return *product == '\0';
}

void
sb_lenderlink_scores_put(SbText *out, const SbLacScores *scores,
						 const char *products)
{
	const char *product = products;
	const char *first = products;
	size_t		len;

	while ((len = next_product(&products)) > 0)
	{
		if (product > first)
			sb_text_char(out, ',');
		if (is_own(scores->form, product, len))
			put_form(out, scores);
		else
			put_telco(out, product, len, scores->seed);
		product = products;
	}
}

const char *
sb_lenderlink_scores_number(int form)
{
	return forms[form].number_field;
}
