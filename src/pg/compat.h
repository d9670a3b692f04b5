/*-------------------------------------------------------------------------
 * compat.h
 *	  Everything that differs between PostgreSQL 15, 16, 17 and 18.
 *
 * No other file tests PG_VERSION_NUM.
 *------------------------------------------------------------------------- */
#ifndef CS_COMPAT_H
#define CS_COMPAT_H

#include "postgres.h"

#include "access/twophase.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_proc.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/syscache.h"
#include "utils/wait_event.h"

#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

#if PG_VERSION_NUM < 150000
#error "credscore needs PostgreSQL 15 or later"
#endif

/* The number other processes know this one by. */
#if PG_VERSION_NUM >= 170000
#define CS_MY_PROC_NUMBER MyProcNumber
#else
#define CS_MY_PROC_NUMBER (MyProc->pgprocno)
#endif

/* Process numbers are below this; known once shared memory is requested. */
static inline int
cs_compat_process_count(void)
{
	return MaxBackends + NUM_AUXILIARY_PROCS + max_prepared_xacts;
}

/* Before 18 the function's name came first: pg_attribute_noreturn(). */
#if PG_VERSION_NUM < 180000
#define pg_noreturn __attribute__((noreturn))
#endif

/* Does the role own the database? */
static inline bool
cs_compat_owns_database(Oid database, Oid roleid)
{
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(DatabaseRelationId, database, roleid);
#else
	return pg_database_ownercheck(database, roleid);
#endif
}

/* May the role use the foreign server? */
static inline AclResult
cs_compat_server_aclcheck(Oid serverid, Oid roleid)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(ForeignServerRelationId, serverid, roleid,
						   ACL_USAGE);
#else
	return pg_foreign_server_aclcheck(serverid, roleid, ACL_USAGE);
#endif
}

/* Raises 42501 where the user lacks what a plan takes. */
static inline void
cs_compat_check_privileges(const PlannedStmt *stmt)
{
#if PG_VERSION_NUM >= 160000
	(void) ExecCheckPermissions(stmt->rtable, stmt->permInfos, true);
#else
	(void) ExecCheckRTPerms(stmt->rtable, true);
#endif
}

/* From then on a plan takes the privileges of reading only. */
static inline void
cs_compat_keep_select_privileges(PlannedStmt *stmt)
{
	ListCell *lc;

#if PG_VERSION_NUM >= 160000
	foreach(lc, stmt->permInfos)
		((RTEPermissionInfo *) lfirst(lc))->requiredPerms &= ACL_SELECT;
#else
	foreach(lc, stmt->rtable)
		((RangeTblEntry *) lfirst(lc))->requiredPerms &= ACL_SELECT;
#endif
}

/* May the user refresh a materialized view? */
static inline bool
cs_compat_may_refresh(Oid relid)
{
#if PG_VERSION_NUM >= 170000
	return pg_class_aclcheck(relid, GetUserId(), ACL_MAINTAIN) == ACLCHECK_OK;
#elif PG_VERSION_NUM >= 160000
	return object_ownercheck(RelationRelationId, relid, GetUserId());
#else
	return pg_class_ownercheck(relid, GetUserId());
#endif
}

/* May the role execute the function? */
static inline AclResult
cs_compat_function_aclcheck(Oid funcid, Oid roleid)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(ProcedureRelationId, funcid, roleid, ACL_EXECUTE);
#else
	return pg_proc_aclcheck(funcid, roleid, ACL_EXECUTE);
#endif
}

/* A wait event set that lives as long as the process. */
static inline WaitEventSet *
cs_compat_create_wait_event_set(int nevents)
{
#if PG_VERSION_NUM >= 170000
	return CreateWaitEventSet(NULL, nevents);
#else
	return CreateWaitEventSet(TopMemoryContext, nevents);
#endif
}

/* ExecutorRun's execute_once went in 18. */
#if PG_VERSION_NUM >= 180000
#define CS_EXECUTOR_RUN_PARAMS \
	QueryDesc *query, ScanDirection direction, uint64 count
#define CS_EXECUTOR_RUN_ARGS query, direction, count
#else
#define CS_EXECUTOR_RUN_PARAMS \
	QueryDesc *query, ScanDirection direction, uint64 count, bool execute_once
#define CS_EXECUTOR_RUN_ARGS query, direction, count, execute_once
#endif

/* Runs a query to its end. */
static inline void
cs_compat_run_to_end(QueryDesc *query)
{
#if PG_VERSION_NUM >= 180000
	ExecutorRun(query, ForwardScanDirection, 0);
#else
	ExecutorRun(query, ForwardScanDirection, 0, true);
#endif
}

/* Named wait events exist from 17 on; each place asks for its number once. */
#if PG_VERSION_NUM >= 170000
#define CS_WAIT_EVENT(name) \
	({ \
		static uint32 event_; \
		if (event_ == 0) \
			event_ = WaitEventExtensionNew(name); \
		event_; \
	})
#else
#define CS_WAIT_EVENT(name) PG_WAIT_EXTENSION
#endif

#endif /* CS_COMPAT_H */
