/*-------------------------------------------------------------------------
 * pin.h
 *	  The settings of a statement: what its first question found holds for
 *	  all of them.
 *
 * ALTER SERVER and ALTER USER MAPPING act with the next statement.  Within a
 * running one a question would otherwise be another question half-way, and be
 * asked and billed twice.
 *------------------------------------------------------------------------- */
#ifndef CS_PIN_H
#define CS_PIN_H

#include "postgres.h"

#include "session/scope.h"
#include "settings/settings.h"

/*
 * As cs_settings_get, which is asked once per scope, server and role.  The
 * settings stay valid as long as the scope.
 */
extern const CsSettings *
cs_pin_settings(CsScope *scope, const char *server_name, bool *reader);

#endif /* CS_PIN_H */
