-- Constants that MySQL computes before any row: what they become, and how often and in which order
-- their warnings come.
replace(concat('b', abs('c')), date_format('d', '%Y'), 'z')
replace(concat('b', abs('c')), lower(concat('b', abs('d'))), abs('e'))
replace(cast(abs('c') as binary), abs('d'), abs('e'))
replace(1, 1, repeat(1, 4))
replace(_ascii'abc', 1, repeat(1, 4))
replace(7, 1, format_pico_time(3))
replace(cast('' as year), to_seconds(1), 1)
insert(abs('c'), abs('f'), 1, abs('d'))
insert(1, 63, 2, database())
insert(1, 1, 1, cast(null as json))
lpad(abs('c'), 3, abs('d'))
lpad(mod(null, 1), 10, from_unixtime(''))
locate(abs('c'), abs('d'))
instr(concat(abs('c'), 'a'), abs('d'))
trim(abs('c') from abs('d'))
left(1, database())
left(1, user())
insert(1, 1, 1, format_pico_time(1))
elt(3, trim(trailing 1 from 1), x'41')
elt(1, 'a', _binary'b')
make_set(1, b'', lower(1), 1)
make_set(3, _binary'a', 'b', 1)
cot(instr('', 1))
cot(weekofyear('2024-01-01') - 1)
cot(yearweek('2024-01-01') * 0)
cot(week(null) + 0)
(- month(''))
(- cast('a' as signed))
(- abs('a'))
nullif(month(''), 1)
nullif(1, month(''))
cast(nullif('A', 1) as date)
case month('') when null then 1 else 2 end
case json_storage_size(1) when null then 1 else 1 end
(is_ipv4(null) <=> 'a')
(null in (unix_timestamp(1), null))
nullif(database(), utc_date())
(database() = DATE'2024-02-29')
coalesce('', 1, format_bytes(null))
if(1, _utf32 x'0001F600', sha2(null, 256))
coalesce(sqrt(2), x'')
greatest(1e0, x'')
ifnull('', (- null))
json_unquote(abs(null))
-- Casts, and the warnings of words that MySQL will not have for ever.
cast(1 as nchar(4))
cast('é' as nchar)
binary json_merge('[]', '[]')
(! _utf8mb3'é')
-- set sql_mode = 'HIGH_NOT_PRECEDENCE'
(not 1)
(! 1)
not 1 between -5 and 5
-- reset
cast(0x1FFFFFFFFFFFFFFFFF as year)
cast('9223372036854775808' as year)
cast(cast(DATE'2024-02-29' as json) as year)
cast('1e400' as decimal(65, 0))
cast('-1.5e100' as decimal(65, 0))
1 div '1e400'
sec_to_time('1e400')
cast(cast('1e100' as json) as decimal(65, 0))
(~ concat('1844674407370955161', '5'))
(~ concat('1844674407370955161', '5x'))
left('abc', concat('1844674407370955161', '5'))
conv(_utf16 x'D83DDE00', 36, 10)
-- Integers of dates and times: of sums the seconds are rounded by themselves.
cast(TIMESTAMP'2024-02-29 23:59:59.999' + interval 1 day as signed)
(~ subdate(TIME'23:59:59.999', 4))
cast(addtime(TIME'23:59:59.999', '0:0:0') as signed)
cast(str_to_date('59.999', '%s.%f') as signed)
cast(timestamp(TIMESTAMP'2024-02-29 23:59:59.999') as signed)
maketime(1, greatest(1, TIME'23:59:59.999'), 1)
greatest(TIME'10:00:00', '5') + 0
greatest('9', '10') + 0
greatest(TIME'-00:00:01', '10:11')
greatest(TIME'00:00:00.5', '0')
-- Intervals beyond all dates.
TIMESTAMP'2024-02-29 00:00:00' + interval 1000000000 week
TIMESTAMP'2024-02-29 00:00:00' + interval 600000000 week
TIMESTAMP'2024-02-29 00:00:00' + interval 1500000000 quarter
TIMESTAMP'2024-02-29 00:00:00' + interval '9223372036854775806' minute_second
TIMESTAMP'2024-02-29 00:00:00' + interval '922337203685477580' minute_second
week((0.0 * 1), 1)
to_seconds(unix_timestamp(''))
timediff(99.99, 1)
extract(week from 0)
-- table y YEAR, st SET('x','y','z'), en ENUM('a','b','3'), tx TIME(3)
-- row 0, 'y', 'b', '23:59:59.999'
-- row 2024, 'x,z', null, null
coalesce(y, 'a')
least(y, 'a')
if(1, y, 'a')
case when 1 then y else 'a' end
cast(st as year)
cast(en as year)
(inet6_aton(1) < 1)
collation(1) = 1
(- month(''))
month('') < 1
maketime(1, greatest(1, tx), 1)
