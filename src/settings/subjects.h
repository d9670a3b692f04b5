/*-------------------------------------------------------------------------
 * subjects.h
 *	  One person in all the forms that the servers of a database know him by.
 *------------------------------------------------------------------------- */
#ifndef CS_SUBJECTS_H
#define CS_SUBJECTS_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * The normalised forms of a subject, in UTF-8, as C strings; that of a telephone
 * number comes first.  NIL: no endpoint of any server accepts it.  Raises 22023
 * where it is another number in another country.
 */
extern List *cs_subjects_of(const char *given);

#endif /* CS_SUBJECTS_H */
