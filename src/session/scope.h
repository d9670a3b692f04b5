/*-------------------------------------------------------------------------
 * scope.h
 *	  Which execution of which query is running: the scope of a MEMO.
 *
 * One scope is one execution of one query (its EState).  PL/pgSQL simple
 * expressions run without an executor of their own and belong to the query
 * that called the function.  Outside any execution (COPY with triggers,
 * CHECK constraints, ALTER ... USING) the scope is the top-level command.
 *------------------------------------------------------------------------- */
#ifndef CS_SCOPE_H
#define CS_SCOPE_H

#include "postgres.h"

#include "lib/ilist.h"
#include "utils/palloc.h"

typedef struct CsScope
{
	dlist_node	  node;	   /* in the list of live scopes */
	MemoryContext cxt;	   /* dies with the scope */
	const void	 *estate;  /* NULL: a command's scope */
	void		 *memo;	   /* memo.c's; NULL at first */
	void		 *pins;	   /* pin.c's: the settings that hold */
	bool		  asks;	   /* ask.c's: the end of the scope is watched */
	bool		  looked;  /* permit.c's: whether its database is at home, */
	bool		  away;	   /* and it is not */
	bool		  missed;  /* a miss was NULL, which nothing may keep */
	uint64		  calls;   /* ask.c's: questions handed to the courier */
	uint64		  settled; /* ask.c's: of them, those that are over */
} CsScope;

extern void cs_scope_init(void);

/*
 * Is an expression evaluated for an estimate: by the planner itself, right now,
 * or for the statistics of ANALYZE, at any distance?  A function that the planner
 * merely calls, which then runs our code, is another matter: that has to be
 * answered truly.
 */
extern bool cs_scope_planning(void);

/* Is whatever is running run by a planner, at any distance? */
extern bool cs_scope_under_planner(void);

/* Changes when a statement is planned that nothing else runs. */
extern uint64 cs_scope_statement(void);

/* The scope of whatever is running; made when there is none yet. */
extern CsScope *cs_scope_current(void);

/* One ExecutorRun: how many rows it was asked for, and which one it is. */
typedef struct CsRun
{
	uint64 count; /* 0: all */
	uint64 serial;
	int64  position; /* of a cursor: rows before the first; -1: it is none */
} CsRun;

/* The innermost active run of an execution; false when it is not running. */
extern bool cs_scope_run(const void *estate, CsRun *run);

/*
 * Is the value that is being computed only shown?  The executor itself computes
 * it, in an outermost query whose rows nothing keeps (miss.h): no function,
 * procedure, DO block or trigger is in between, since each puts itself on
 * error_context_stack.
 */
extern bool cs_scope_only_shown(void);

/* Is it computed by the executor of this very execution, in no function? */
extern bool cs_scope_is_direct(const void *estate);

/*
 * Remembers that a miss was NULL there.  From then on CS404 is raised where the
 * execution, or one inside it, would keep something.
 */
extern void cs_scope_missed(void);

/* Has `func(scope)` called when the scope ends, before its memory goes. */
extern void
cs_scope_at_end(CsScope *scope, MemoryContextCallbackFunction func);

#endif /* CS_SCOPE_H */
