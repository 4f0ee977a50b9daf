-- Operators on numbers of every kind.
1 + 1
1 - 2
18446744073709551615 + 0
18446744073709551615 + 1
9223372036854775807 + 1
-9223372036854775808 - 1
1 / 3
1.5 / 0
7 DIV 2
-7 DIV 2
7 % 0
1.50 * 2.250
1e3 + 1
'12abc' + 1
-'3.5'
NULL + 1
-- set sql_mode = ''
1 / 0
5 % 0
-- set sql_mode = 'NO_UNSIGNED_SUBTRACTION'
CAST(1 AS UNSIGNED) - 2
-- reset
CAST(1 AS UNSIGNED) - 2
-- table a INT, b DECIMAL(10,3) NOT NULL, c DOUBLE, d BIGINT UNSIGNED
-- row 1, 1.5, 2.25, 18446744073709551615
-- row NULL, -0.125, 1e308, 0
-- row -5, 1000000.001, NULL, 7
a + b
a * c
b / a
a DIV 2
c * 10
d - 1
a % 3
-a
