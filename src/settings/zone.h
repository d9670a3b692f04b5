/*-------------------------------------------------------------------------
 * zone.h
 *	  Names of time zones.
 *------------------------------------------------------------------------- */
#ifndef CS_ZONE_H
#define CS_ZONE_H

#include "postgres.h"

/*
 * Is it one that pg_timezone_names has, in upper or lower case?  Not the
 * formulas that PostgreSQL takes for zones as well: to those a slip of the
 * keyboard such as Africa/Nairobi3 is three hours west of Greenwich.
 */
extern bool cs_zone_is_name(const char *value);

#endif /* CS_ZONE_H */
