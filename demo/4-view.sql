-- An underwriting view over all providers
-- Each country asks its own providers; an arm of CASE that is not taken makes
-- no call, and however often a column is used, its question is asked once.

CREATE VIEW underwriting AS
SELECT id, country, phone, amount,
       CASE country
           WHEN 'Kenya' THEN credscore_decision(phone, server => 'pngme_kenya', on_error => 'subject')
           WHEN 'Nigeria' THEN credscore_decision(phone, server => 'pngme_nigeria', on_error => 'subject')
       END AS decision,
       CASE country
           WHEN 'Philippines' THEN credscore_lac(phone, on_error => 'subject')
       END AS lac,
       CASE country
           WHEN 'Kenya' THEN credscore_statement(statement_ref, on_error => 'subject')
       END AS statement
FROM application;

\timing on
\echo
\echo '-- nothing is asked for columns that are not used'
SELECT count(*), sum(amount) FROM underwriting;

\echo '-- 8 applications, 11 questions; three columns read one and the same decision'
SELECT id, country, amount,
       decision -> 'risk_score' AS risk,
       decision #> '{features,count_loan_opened_events_0_30}' AS loans_0_30,
       decision #> '{features,count_loan_defaulted_events_0_90}' AS defaults_0_90,
       statement #>> '{data,score_data,grade}' AS grade,
       lac #> '{scores,911,cvTotals,requestsTotal90}' AS requests_90
FROM underwriting
WHERE id <= 8 ORDER BY id;
