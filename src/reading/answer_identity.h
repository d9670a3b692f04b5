/*-------------------------------------------------------------------------
 * answer_identity.h
 *	  Whose statement it is, by a report on an M-Pesa statement.
 *
 * Where fraud_data lies in a report is not documented.  It is found beside or
 * within the person (answer_statement.h), at most three steps below `data`, or
 * in the answer itself.
 *------------------------------------------------------------------------- */
#ifndef CS_ANSWER_IDENTITY_H
#define CS_ANSWER_IDENTITY_H

#include "postgres.h"

#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

/* Pointers are NULL where nothing is said. */
typedef struct CsIdentity
{
	text	  *national_id;	   /* as it was uploaded */
	text	  *phone_number;   /* of the statement */
	text	  *registered_id;  /* that the registry was asked for */
	ArrayType *statement_name; /* words of names, as text[] */
	ArrayType *customer_name;
	Numeric	   similarity_score;
	text	  *verified_status;
	text	  *message;
} CsIdentity;

/*
 * False when the answer says nothing of this, or of several persons.  Memory
 * is taken from the current context.
 */
extern bool
cs_answer_identity_read(const JsonbValue *answer, CsIdentity *identity);

#endif /* CS_ANSWER_IDENTITY_H */
