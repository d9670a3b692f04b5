-- 200 sample applications from three countries

SELECT country, count(*) AS applications, min(phone) AS first_phone,
       count(statement_ref) AS with_statement
FROM application
GROUP BY country ORDER BY country;
