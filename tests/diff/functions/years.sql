-- Columns of years beside constants: a constant becomes a year beside =, <> and BETWEEN, and stays a number in a list.
-- table y YEAR
-- row 0
-- row 2000
-- row 2024
-- row 2025
-- row 1995
-- row 2001
y = '0'
y = '000'
y = '0000'
y = '00000'
y = '0000x'
y = '0000-00-00'
y < '0000-00-00'
y = '0024'
y = '2024x'
y = '2024.6'
y = '2.024e3'
y = '24x'
y = '95-12'
y = ' 2024'
y = '1x'
y = 'x'
y = ''
y = '0.4'
y = '0.0'
y = '1.5'
y = '99.7'
y = '2200x'
y = '123'
y <=> '24x'
y = CONCAT('24', 'x')
NULLIF(y, '24x')
CASE y WHEN '24x' THEN 1 WHEN '25' THEN 2 END
y = DATE'2024-02-29'
DATE'2024-02-29' < y
y = TIMESTAMP'2024-02-29 10:11:12'
y = TIMESTAMP'2155-12-31 23:59:59.9'
y = CAST('2024-02-29' AS DATE)
y = LAST_DAY('2024-02-03')
y > TIME'10:00:00'
y IN (24)
y IN ('24x')
y IN (24, 95)
y NOT IN (24, 25)
y IN (2024, 1995)
y IN (2024, 95)
y IN (0, 25)
y IN (24, 95.5)
y IN (24, 95e0)
y IN (24, 2000, NULL)
y IN (y, 24)
y BETWEEN 24 AND 25
y NOT BETWEEN 24 AND 25
y BETWEEN 0 AND 24
y BETWEEN '24' AND '25'
y BETWEEN '24x' AND '2024.6'
y BETWEEN 0 AND '24x'
y BETWEEN '0000-00-00' AND '2024x'
y BETWEEN DATE'2024-02-29' AND DATE'2030-01-01'
y BETWEEN 1999 AND y
