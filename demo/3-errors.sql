-- A malformed number costs nothing; an unknown one need not stop a batch
-- on_error => 'subject' reports what concerns one question and raises the rest.

\timing on
SELECT phone, a #>> '{error,sqlstate}' AS sqlstate, a #>> '{error,billed}' AS billed,
       left(a #>> '{error,message}', 60) AS message
FROM (VALUES ('not a number'), ('254700200404')) AS v (phone),
     credscore_decision(phone, server => 'pngme_kenya', on_error => 'subject') AS a;
