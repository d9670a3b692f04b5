/*-------------------------------------------------------------------------
 * weza_assessment.h
 *	  Weza's assessments: created now, with a result later.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_WEZA_ASSESSMENT_H
#define SANDBOX_WEZA_ASSESSMENT_H

#include "core/magic.h"
#include "core/types.h"

/* Accounts whose assessments are special. */
extern const SbMagic sb_weza_assessment_magic[];

extern void sb_weza_assessment_create(SbRequest *request);
extern void sb_weza_assessment_show(SbRequest *request);
extern void sb_weza_assessment_list(SbRequest *request);

#endif /* SANDBOX_WEZA_ASSESSMENT_H */
