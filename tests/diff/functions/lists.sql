-- How often lists and tuples warn, and in which order: the constants of a list once and first, its value for each row.
-- table q INT
-- row 1
-- row 1
'a' IN (1, 1)
'a' NOT IN (1, 2)
1 IN ('a', 'b')
1 IN ('a', 2)
('' ^ 1) IN (1, 2)
5 IN ('' ^ 1, 2)
5 IN ('' ^ 1, 'a')
'a' IN ('' ^ 1, 2)
'b' IN ('' + 'a', 2)
'b' IN (2)
('' ^ 1) IN (3)
DAY('') IN (1, 2)
DAY('') IN ('a', 'b')
1 IN (DAY(''), 2)
q IN ('a', 'b')
q IN ('' ^ 1, DAY(''))
'x' IN (q, 1)
1e0 IN ('a', 'b')
2e0 IN (2e0, 'b')
'"q"' IN (RADIANS('a'), 1, '')
'c' IN (1, RADIANS('a'), 'x')
UNIX_TIMESTAMP('') IN ('a', '')
('utf8mb4' * 4) IN ('a', 1, 1)
'a' IN (1, ('' << 3), 1)
-- MySQL computes the constants of a tuple once more when it is ordered.
(1, 1) < ('' ^ 1, 1)
(1, 2) < (0, '' ^ 2)
(1, 2) < (DAY(''), '' ^ 2)
(NULL, '' ^ 1) < (1, 1)
(1, 1) < (NULL, BIN('{'))
(1, ('a', 1) <=> (1, NULL)) < (5, NULL)
(DAY(''), 1) = (1, 1)
(DAY(''), 1) = (1, 1e0)
(DAY(''), 1) <> (1, 1)
(1, 1) = (2, DAY(''))
(1, 1) < (1, 'x')
(1, 'x') < (0, 0)
(q, 1) < (0, '' ^ 1)
(q, 1) < (q, '' ^ 1)
(q, NULL) < (0, '' ^ 1)
(1, CHAR('', 1)) < (0, 1)
(1, LEFT('ab', '')) < (0, 1)
(1, 1) IN ((2, '' ^ 1), (1, 1))
(1, 1) IN ((2, '' ^ 1))
-- What is a condition warns as its operands do.
LEFT('a', '') LIKE 'a'
1 LIKE LEFT('a', '')
FROM_DAYS('') RLIKE '[a-c]+'
REGEXP_LIKE(LEFT('a', ''), 'a')
- ('a' IS TRUE)
- (1 > 'a')
- (DAY('') IS TRUE)
SYSTEM_USER() IS NOT FALSE
NOT SYSTEM_USER()
MAKE_SET('', (1 XOR 'a'), 1)
-- The quotient of members.
-- reset
-- table en ENUM('a', 'bc'), st SET('x', 'yz'), dm FLOAT
-- row 'a', 'x', 0.1
1 DIV en
1 DIV st
en DIV 1
1 / en
