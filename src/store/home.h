/*-------------------------------------------------------------------------
 * home.h
 *	  Is this database at home here, so that it may buy answers?
 *
 * The table credscore.home says where a database is at home: which database, of
 * which server, in which life.  It is a table like any other: a dump, a copy of
 * the database and a copy of the server carry the rows of their origin along.  So
 * a database is at home where it has a row, and all its rows are of here.
 *------------------------------------------------------------------------- */
#ifndef CS_HOME_H
#define CS_HOME_H

#include "postgres.h"

#include "utils/uuid.h"

typedef enum CsHome
{
	CS_HOME_HERE,
	CS_HOME_NOWHERE,  /* the table has no row, or is not there */
	CS_HOME_ELSEWHERE /* a row is of another place */
} CsHome;

/*
 * Looks into the table: it is not remembered, since a restore in another session
 * may bring a row at any moment.  Rows of other transactions count once they are
 * committed, whatever the snapshot.  Who does not wait for a lock on it gets 55P03
 * after a second.
 */
extern CsHome cs_home_look(bool waits);

/* Why it may buy nothing, as a part of a sentence; NULL: it may. */
extern const char *cs_home_fault(CsHome home);

/*
 * This place as a digest, which requests carry along.  That of a database that
 * was restored into itself is another one, though it is at home: its requests
 * may have been asked since they were dumped.
 */
extern void cs_home_digest(pg_uuid_t *digest);

/* Deletes the rows of other places, and adds one of here unless there is one.
 * Returns how many were deleted. */
extern int64 cs_home_adopt(void);

#endif /* CS_HOME_H */
