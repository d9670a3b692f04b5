/*-------------------------------------------------------------------------
 * weza_classify.h
 *	  What Weza's replies mean.  See CsEndpoint's classify.
 *------------------------------------------------------------------------- */
#ifndef CS_WEZA_CLASSIFY_H
#define CS_WEZA_CLASSIFY_H

#include "provider/template.h"
#include "provider/verdict.h"

extern void cs_weza_classify_borrower_create(
	const CsAccount *account, const CsArguments *args, const CsReply *reply,
	struct json_object *root, const CsError *parse_error, CsVerdict *verdict);
extern void
cs_weza_classify_borrower(const CsAccount *account, const CsArguments *args,
						  const CsReply *reply, struct json_object *root,
						  const CsError *parse_error, CsVerdict *verdict);
extern void
cs_weza_classify_event_create(const CsAccount	*account,
							  const CsArguments *args, const CsReply *reply,
							  struct json_object *root,
							  const CsError *parse_error, CsVerdict *verdict);
extern void
cs_weza_classify_event(const CsAccount *account, const CsArguments *args,
					   const CsReply *reply, struct json_object *root,
					   const CsError *parse_error, CsVerdict *verdict);
extern void cs_weza_classify_assessment_create(
	const CsAccount *account, const CsArguments *args, const CsReply *reply,
	struct json_object *root, const CsError *parse_error, CsVerdict *verdict);
extern void
cs_weza_classify_assessment(const CsAccount *account, const CsArguments *args,
							const CsReply *reply, struct json_object *root,
							const CsError *parse_error, CsVerdict *verdict);
extern void
cs_weza_classify_assessments(const CsAccount *account, const CsArguments *args,
							 const CsReply *reply, struct json_object *root,
							 const CsError *parse_error, CsVerdict *verdict);
extern void cs_weza_classify_assessment_types(
	const CsAccount *account, const CsArguments *args, const CsReply *reply,
	struct json_object *root, const CsError *parse_error, CsVerdict *verdict);

#endif /* CS_WEZA_CLASSIFY_H */
