/*-------------------------------------------------------------------------
 * zone.c
 *	  Names of time zones.
 *
 * Walks over the files of all zones, which takes milliseconds: for DDL.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "settings/zone.h"

#include "pgtime.h"

bool
cs_zone_is_name(const char *value)
{
	pg_tzenum *all;
	pg_tz	  *zone;
	bool	   found = false;

	if (pg_tzset(value) == NULL)
		return false;
	all = pg_tzenumerate_start();
	while (!found && (zone = pg_tzenumerate_next(all)) != NULL)
		found = pg_strcasecmp(pg_get_timezone_name(zone), value) == 0;
	pg_tzenumerate_end(all);
	return found;
}
