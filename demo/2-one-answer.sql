-- One answer of each provider
-- The answer is the provider's JSON, numbers exactly as they were sent.

\timing on
SELECT a #>> '{user,phone_number}' AS phone,
       a -> 'risk_score' AS risk_score,
       a #> '{features,average_end_of_day_depository_balance_0_30}' AS balance_0_30
FROM credscore_decision('+254 700 200 101', server => 'pngme_kenya') AS a;

SELECT a ->> 'result' AS result,
       a #> '{scores,911,cvTotals,requestsTotal7}' AS requests_7,
       a #> '{scores,911,cvTotals,requestsTotal90}' AS requests_90,
       a #> '{scores,911,cvTotals,uniqueEntities90}' AS lenders_90
FROM credscore_lac('0917 020 0102') AS a;

SELECT a #>> '{data,score_data,credit_score}' AS score,
       a #>> '{data,score_data,grade}' AS grade,
       a #>> '{data,score_data,limit}' AS "limit",
       jsonb_array_length(a #> '{data,statement_details}') AS transactions
FROM credscore_statement('7f000000-0000-4000-8000-100000000103') AS a;
