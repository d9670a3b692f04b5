/*-------------------------------------------------------------------------
 * weza_borrower_form.h
 *	  What a borrower consists of: what may be sent, and what is made of it.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_WEZA_BORROWER_FORM_H
#define SANDBOX_WEZA_BORROWER_FORM_H

#include "core/json.h"

/* Refuses what is no borrower; false then. */
extern bool
sb_weza_borrower_form_obeyed(SbRequest *request, json_object *borrower);

/*
 * Adds to a tree what a borrower consists of, as Weza returns it: times in
 * UTC, names in capitals, what was not said null or empty, and what nobody
 * knows left out.  A borrower that was returned so stays as it is.
 */
extern void
sb_weza_borrower_form_add(json_object *answer, json_object *borrower);

/*
 * Replaces the members of a borrower that are given, each as a whole.
 */
extern void
sb_weza_borrower_form_change(json_object *borrower, json_object *changes);

#endif /* SANDBOX_WEZA_BORROWER_FORM_H */
