-- Dates and times under modes and zones, literals, casts, formats.
-- reset
timestamp('1969-12-31 00:00:00+02:00')
timestamp('1969-12-30 00:00:00+02:00')
timestamp('1969-01-01 00:00:00+00:00')
timestamp('1968-12-30 00:00:00+02:00')
timestamp('1960-12-30 00:00:00+00:00')
timestamp('1970-01-01 00:00:00+00:00')
timestamp('3001-01-19 00:00:00+00:00')
timestamp('9999-12-31 23:00:00-02:00')
-- set time_zone = '+03:00'
timestamp('1970-01-01 00:00:00+00:00')
timestamp('2020-12-01 10:00:00.5+02:00')
timestamp('3500-12-01 10:00:00.5+02:00')
timestamp('1969-12-30 00:00:00+02:00')
-- set time_zone = 'Europe/Berlin'
timestamp('1970-01-01 00:00:00+00:00')
timestamp('1969-12-30 00:00:00+02:00')
timestamp('3500-07-01 10:00:00.5+02:00')
timestamp('2020-07-01 10:00:00.5+02:00')
-- reset
timestamp(20201201.5)
date_format(20201201.5,'%Y')
to_seconds(20201201.5)
timestamp(20201201.5e0)
date(20201201.5e0)
date(time'26:11:12')
date(time'50:11:12')
date(time'10:00:00')
date(time'-10:00:00')
date(time'-26:00:00')
year(time'26:11:12')
dayofmonth(time'26:11:12')
to_days(time'26:11:12')
to_seconds(time'26:11:12')
date_format(time'26:11:12','%d')
extract(day from time'26:11:12')
last_day(time'26:11:12')
cast(time'26:11:12' as date)
datediff(time'26:11:12',curdate())
-- set sql_mode = 'TIME_TRUNCATE_FRACTIONAL'
timestamp('2020-12-01 10:00:00.1234567')
timestamp(20201201100000.1234567)
time('10:00:00.1234567')
cast('10:00:00.55' as time)
cast('10:00:00.55' as time(1))
-- set sql_mode = 'ALLOW_INVALID_DATES'
date('2020-02-31')
date_add('2020-02-31', interval 1 day)
date_add('2020-02-31', interval 1 month)
last_day('2020-02-31')
dayofyear('2020-02-31')
dayname('2020-02-31')
to_days('2020-02-31')
unix_timestamp('2020-02-31')
-- reset
timestamp(1.1e0)
timestamp(20201201101112.5e0)
date(-1)
date(-1.5)
date(-1.5e0)
date(1.5e300)
time(1.5e300)
time(-1.5e300)
date(12345678901234567890)
date(1234567890123456789012)
date_add(20200229101112e0, interval 1 day)
timestamp(cast(5 as unsigned))
timestamp(0x31)
timestamp('')
date(repeat('1',200))
timestamp('2020-12-01 10:00:00 ')+0
date('2020-12-01')+1
time('10:11:12.5')+0
timestamp('2020-12-01 10:00:00.5')+0
concat(date('2020-12-01'))
concat(timestamp('2020-12-01 10:00:00.5'))
timestamp('2020-12-01 10:00:00.5') * 1e0
-time('10:11:12')
year('2020-12-01')+1
concat(year('2020-12-01'))
year('0000-01-01')
year(0)+0
concat(year(0))
hour(null)
-- reset
dayofmonth(time'23:59:59')
dayofmonth(time'24:00:00')
dayofmonth(time'47:59:59')
dayofmonth(time'48:00:00')
dayofmonth(time'-23:00:00')
dayofmonth(time'-24:00:00')
dayofmonth(time'-25:00:00')
dayofmonth(time'-48:00:00')
dayofmonth(time'-49:00:00')
timestamp('1901-12-13 20:45:52+00:00')
timestamp('1902-01-01 10:00:00+00:00')
timestamp('1901-12-14 10:00:00+00:00')
timestamp('1901-12-13 10:00:00+00:00')
timestamp('1910-12-01 10:00:00+00:00')
timestamp('1930-12-01 10:00:00+00:00')
week('2020-12-01',null)
week('2020-12-01','1x')
week('2020-12-01',8)
week('2020-12-01',-1)
week(null)
dayname(null)
date_format(null,'%Y')
addtime('2020-13-01','1:0:0')
addtime('2020-12-01 10:00:00x','1:0:0')
addtime('10:11:12x','1:0:0')
addtime(' 10:11:12','1:0:0')
addtime('2020.12.01','1:0:0')
addtime('20201201','1:0:0')
addtime('101112','1:0:0')
addtime('x','1:0:0')
addtime('1','1:0:0')
addtime(0.5,'1:0:0')
addtime(20201201,'1:0:0')
addtime(1e0,'1:0:0')
addtime(8390000,'1:0:0')
addtime(timestamp'2020-12-01 10:00:00','2020-12-01 10:00:00')
addtime(timestamp'2020-12-01 10:00:00',timestamp'2020-12-01 10:00:00')
addtime(date'2020-12-01',1)
addtime(date'2020-12-01',1.5)
addtime(time'10:00:00',1.5)
addtime(null,'1:0:0')
addtime('1:0:0',null)
addtime('838:00:00','1:0:0')
addtime('-838:00:00','-1:0:0')
subtime('2020-12-01 10:00:00','-1:0:0')
addtime('2020-12-01 10:00:00.5','1:0:0')
timediff('x','1:0:0')
timediff('2020-12-01x','2020-12-01')
timediff(20201201101112,20201201)
timediff(101112,'1:0:0')
timediff(date'2020-12-01',date'2020-11-01')
timediff(date'2020-12-01','2020-11-30 10:00:00')
timediff(null,'1:0:0')
timediff('10:00:00.123','1:0:0.5')
timediff(10.5,1)
time_format('2020-12-01 10:11:12','%T')
time_format('x','%T')
time_format('10:11:12x','%T')
time_format(101112,'%T')
time_format(101112.6,'%T %f')
time_format('2020-12-01x','%T %Y')
time_format(timestamp'2020-12-01 10:11:12','%T %Y-%m-%d')
time_format(date'2020-12-01','%T %d')
time_format(null,'%T')
time_format('839:00:00','%T')
extract(hour from 'x')
extract(hour from '2020-12-01 10:00:00')
extract(hour from '10:11:12x')
extract(hour from 101112)
extract(hour from 20201201101112)
extract(hour from timestamp'2020-12-01 10:11:12')
extract(day_hour from timestamp'2020-12-01 10:11:12')
extract(day_hour from '2020-12-01 10:11:12')
extract(day_hour from 20201201101112)
extract(day_hour from time'-26:11:12')
extract(day_hour from '-26:11:12')
extract(hour from '-26:11:12')
extract(year from 'x')
extract(week from '2020-01-01')
-- set default_week_format = 3
extract(week from '2020-01-01')
week('2020-01-01')
yearweek('2020-01-01')
-- set default_week_format = 0
str_to_date('10:11:12','%H:%i')
str_to_date('10:11:12 x','%H:%i:%s')
str_to_date('2020-12-01 10:11:12','%Y-%m-%d')
str_to_date('','%Y-%m-%d')
str_to_date('','')
str_to_date('2020','')
str_to_date('2020-12-01','%Y-%m-%d %H')
str_to_date('01,5,2013','%d,%m,%Y')
str_to_date('9','%m')
str_to_date('9','%s')
str_to_date('00:00:00','%H:%i:%s')
str_to_date('abc','abc')
str_to_date('a09:30:17','a%h:%i:%s')
str_to_date('00/00/0000', '%m/%d/%Y')
str_to_date('04/31/2004', '%m/%d/%Y')
str_to_date('2020-12-01 12','%Y-%m-%d %h')
str_to_date('2020-12-01 00','%Y-%m-%d %h')
str_to_date('10:11:12 PM','%h:%i:%s %p')
str_to_date('10:11:12 PM','%r')
str_to_date('10:11:12','%T')
str_to_date('10:11:12.123','%T.%f')
str_to_date(null,'%T')
str_to_date('2020 1 1','%Y %u %w')
str_to_date('10','%k')
str_to_date('1','%f')
str_to_date('Mon','%a')
-- set sql_mode = ''
str_to_date('00/00/0000', '%m/%d/%Y')
str_to_date('04/31/2004', '%m/%d/%Y')
str_to_date('9','%m')
str_to_date('9','%s')
str_to_date('1 10:11:12','%d %H:%i:%s')
str_to_date('15:30 PM','%h:%i %p')
str_to_date('10','%Y %d')
-- reset
get_format(date,'EUR')
get_format(date,'jis')
get_format(date,'internal')
get_format(time,'usa')
get_format(time,'jis')
get_format(time,'iso')
get_format(time,'eur')
get_format(time,'internal')
get_format(datetime,'usa')
get_format(datetime,'jis')
get_format(datetime,'eur')
get_format(datetime,'internal')
get_format(date,'iso')
get_format(date,1)
date_format('2020-12-01',concat('%Y','%m'))
date_format('2020-12-01',5)
date_format('2020-12-01','%M %W %a %b %D %e %% %x %é')
date_format('2020-12-01',_latin1'%Y')
-- reset
date'2020-01-01'
date'20200101'
date'200101'
date'2020-1-1'
date'2020-01-01 10:00:00'
date'2020-01-01x'
date'2020-13-01'
date'0000-00-00'
date'2020-00-00'
date'2020-02-30'
date'x'
date''
timestamp'2020-01-01'
timestamp'2020-01-01 10:00:00'
timestamp'2020-01-01 10:00'
timestamp'2020-01-01T10:00:00'
timestamp'20200101100000'
timestamp'2020-01-01 10:00:00.1234567'
timestamp'2020-01-01 10:00:00+02:00'
timestamp'2020-01-01 10:00:00.5x'
timestamp'0000-00-00 00:00:00'
timestamp'9999-12-31 23:59:59.9999999'
timestamp'2020-01-01 10:00:00.'
time'10:00:00'
time'1:0:0'
time'10'
time'101112'
time'1 10:00:00'
time'-10:00:00.5'
time'839:00:00'
time'10:61:00'
time'x'
time'10:00:00x'
time'2020-01-01 10:00:00'
time'10:00:00.1234567'
time'838:59:59.9'
time''
date_add(time'838:00:00', interval 1 hour)
concat(date'20200101')
concat(time'1')
date'2020-01-01'+0
cast(date'2020-01-01' as signed)
cast(time'10:11:12.5' as signed)
cast(time'-10:11:12.5' as signed)
cast(timestamp'2020-01-01 10:11:12.5' as signed)
cast(timestamp'2020-01-01 23:59:59.5' as signed)
cast(timestamp'2020-01-01 10:11:12.5' as unsigned)
cast(timestamp'2020-01-01 10:11:12.5' as decimal(20,3))
cast(timestamp'2020-01-01 10:11:12.5' as double)
cast(time'-10:11:12.5' as decimal(20,3))
cast(timestamp'2020-01-01 10:11:12.5' as char)
cast(timestamp'2020-01-01 10:11:12.5' as date)
cast(timestamp'2020-01-01 10:11:12.5' as time)
cast(timestamp'2020-01-01 10:11:12.5' as time(6))
cast(timestamp'2020-01-01 10:11:12.55' as datetime(1))
cast('2020-01-01 10:11:12.55' as datetime(1))
cast('2020-01-01 10:11:12.5' as datetime)
cast('9999-12-31 23:59:59.9' as datetime)
cast('838:59:59.9' as time)
cast(time'10:11:12.5' as datetime(1))
cast(date'2020-01-01' as datetime(3))
cast(date'2020-01-01' as time)
cast(20200101 as date)
cast(20200101.5 as datetime)
cast(null as date)
cast('x' as time(3))
cast(2020 as year)
cast(0 as year)
cast('0' as year)
cast('00' as year)
cast(70 as year)
cast(69 as year)
cast(1900 as year)
cast(1901 as year)
cast(2155 as year)
cast(2156 as year)
cast(-1 as year)
cast('2020x' as year)
cast('x' as year)
cast('' as year)
cast(2020.5 as year)
cast(2020.5e0 as year)
cast(date'2020-01-01' as year)
cast(time'10:00:00' as year)
cast(timestamp'2020-01-01 10:11:12.5' as year)
cast('2020-01-01' as year)
cast(null as year)
cast(99999999999 as year)
cast('20' as year)
cast('2156' as year)
cast(1e0 as year)
cast(99 as year)
cast(100 as year)
time'10:11:12'+0
time'10:11:12.5'+0
date'2020-01-01'*2
date'2020-01-01'/2
timestamp'2020-01-01 10:11:12'+1
timestamp'2020-01-01 10:11:12.5'+1
date'2020-01-01'|0
-date'2020-01-01'
time'10:11:12' mod 7
date'2020-01-01' = '2020-01-01'
date'2020-01-01' < timestamp'2020-01-01 00:00:01'
date'2020-01-01' = 20200101
time'10:00:00' = '10:00:00'
time'10:00:00' = 100000
time'10:00:00' < timestamp'2020-01-01 00:00:01'
timestamp'2020-01-01 00:00:00' = '2020-01-01x'
date'2020-01-01' between '2019-01-01' and '2021-01-01'
date'2020-01-01' in ('2020-01-01','2021-01-01')
greatest(date'2020-01-01',date'2021-01-01')
least(date'2020-01-01','2019-01-01')
coalesce(date'2020-01-01',timestamp'2021-01-01 10:00:00')
if(1,date'2020-01-01',time'10:00:00')
ifnull(date'2020-01-01','x')
case when 1 then date'2020-01-01' else 5 end
if(1,timestamp'2020-01-01 10:00:00.5',timestamp'2020-01-01 10:00:00')
'2020-01-01' = date'2020-01-01'
'x' = date'2020-01-01'
year(date'2020-01-01') = 2020
cast(2020 as year) = '2020'
now() = '2020-01-01'
-- reset
str_to_date('0000-01-01','%Y-%m-%d')
str_to_date('Septem 1 2020','%M %d %Y')
str_to_date('Se 1 2020','%M %d %Y')
str_to_date('Ju 1 2020','%M %d %Y')
str_to_date('Jul 1 2020','%M %d %Y')
str_to_date('M 1 2020','%M %d %Y')
str_to_date('Ma 1 2020','%b %d %Y')
str_to_date('S 1 2020','%b %d %Y')
str_to_date('202053 Sunda','%X%V %W')
str_to_date('202053 Su','%X%V %a')
str_to_date('202053 S','%X%V %W')
str_to_date('1','%j')
-- set sql_mode = 'NO_ZERO_IN_DATE'
str_to_date('1','%j')
str_to_date('0000-01-01','%Y-%m-%d')
str_to_date('2020-00-01','%Y-%m-%d')
str_to_date('0000-00-00','%Y-%m-%d')
-- set sql_mode = 'NO_ZERO_DATE'
str_to_date('1','%j')
str_to_date('0000-01-01','%Y-%m-%d')
str_to_date('2020-00-01','%Y-%m-%d')
str_to_date('0000-00-00','%Y-%m-%d')
str_to_date('0000-00-00 10','%Y-%m-%d %H')
-- set sql_mode = ''
str_to_date('1','%j')
str_to_date('0000-01-01','%Y-%m-%d')
date('2020-00-00')
date_format('2020-00-00','%W')
date_format('2020-00-00','%U %u %V %v %X %x %w %j')
date_format('2020-01-00','%U %u %V %v %X %x %w %j %M %b %a')
date_format('0000-00-00','%U %u %V %v %X %x %w %j')
date_format('0000-00-00','%a')
date_format('0000-00-00','%M')
date_format('0000-01-00','%a')
-- set sql_mode = 'ALLOW_INVALID_DATES'
str_to_date('2020-02-31','%Y-%m-%d')
date_format('2020-02-31','%j %W')
timestamp('2020-02-31')
dayofweek('2020-02-31')
datediff('2020-02-31','2020-01-01')
to_seconds('2020-02-31')
convert_tz('2020-02-31','+00:00','+01:00')
addtime('2020-02-31','1:0:0')
timestampdiff(day,'2020-02-31','2020-01-01')
last_day('2020-02-32')
