/*-------------------------------------------------------------------------
 * sql_home.c
 *	  The SQL function that says where a database is at home.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"

#include "pg/shmem.h"
#include "session/announce.h"
#include "store/home.h"

PG_FUNCTION_INFO_V1(credscore_adopt);

/*
 * credscore_adopt() returns bigint
 *
 * This database is at home here, now, and so may buy answers.  Returns how many
 * rows of other places were removed.  Works without preload, as CREATE EXTENSION
 * calls it.
 */
Datum
credscore_adopt(PG_FUNCTION_ARGS)
{
	if (!superuser())
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to adopt a database"),
			 errdetail(
				 "Only superusers may say that a restored or copied database buys answers.")));
	PreventCommandIfReadOnly("credscore_adopt()");
	if (cs_shmem_ready())
		cs_announce_all();
	PG_RETURN_INT64(cs_home_adopt());
}
