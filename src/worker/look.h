/*-------------------------------------------------------------------------
 * look.h
 *	  What is found in the queue, and what a former worker left.
 *------------------------------------------------------------------------- */
#ifndef CS_LOOK_H
#define CS_LOOK_H

/* Takes what was announced, then reads it. */
extern void cs_look_news(void);

/* Is a look under way, so that rows may be unknown yet? */
extern bool cs_look_is_unfinished(void);

/* Takes up the slots of this database's rows.  Before the first look.  False:
 * it could not, and who works on the queue cannot begin. */
extern bool cs_look_adopt(void);

#endif /* CS_LOOK_H */
