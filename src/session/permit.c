/*-------------------------------------------------------------------------
 * permit.c
 *	  May calls leave for this session?
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/permit.h"

#include "access/xlog.h"

#include "pg/guc.h"
#include "store/home.h"

bool
cs_permit_here(void)
{
	return cs_guc_calls_on_standby() || !RecoveryInProgress();
}

bool
cs_permit_away(CsScope *scope)
{
	if (!scope->looked || scope->estate == NULL)
		scope->away = cs_home_look(false) != CS_HOME_HERE;
	scope->looked = true;
	return scope->away;
}

bool
cs_permit_lacks_purpose(const CsSettings *settings)
{
	return settings->limits.require_purpose && cs_guc_purpose() == NULL;
}

bool
cs_permit_refused(CsErrorCode code)
{
	return code == CS_ERR_SWITCHED_OFF || code == CS_ERR_SERVER_OFF ||
		   code == CS_ERR_AWAY;
}
