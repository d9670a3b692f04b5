/*-------------------------------------------------------------------------
 * reserve.h
 *	  Room for answers, taken from shared memory before their calls leave.
 *
 * How much, the answers that came before tell: of each server and endpoint the
 * largest is remembered, and fades with every smaller one.
 *------------------------------------------------------------------------- */
#ifndef CS_RESERVE_H
#define CS_RESERVE_H

#include "postgres.h"

#include "utils/dsa.h"

#include "shared/key.h"

extern void cs_reserve_init(void);

/*
 * Room for an answer (shared/reply.h); the cache gives way for it.
 * InvalidDsaPointer: there is none now.
 */
extern dsa_pointer cs_reserve_take(const CsKey *server, int endpoint);

/* An answer of so many bytes came. */
extern void cs_reserve_learn(const CsKey *server, int endpoint, size_t len);

#endif /* CS_RESERVE_H */
