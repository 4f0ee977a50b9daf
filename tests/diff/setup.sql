create table person (id bigint not null, name varchar(40), city varchar(40), age int, score decimal(10,2), born date, seen datetime(3), ratio double, flags int unsigned, note text, primary key (id));
create table song (person_id bigint not null, id bigint not null, title varchar(60), plays int, length time, primary key (person_id, id));
create table plain_tag (id bigint not null, label varchar(20), primary key (id));
insert into person values
 (1, 'Anna', 'Oslo', 31, 10.50, '1990-01-05', '2024-05-01 10:00:00.123', 0.5, 1, 'first'),
 (2, 'bert', 'Bergen', 25, 7.25, '1996-07-15', '2024-05-02 11:30:00.000', 1.25, 0, null),
 (3, 'Carl', 'oslo', 44, null, '1978-12-31', null, -3.75, 7, ''),
 (4, 'Dora', 'Oslo', 31, 0.00, null, '2024-05-01 10:00:00.123', null, 4294967295, 'x'),
 (5, 'Emil', null, null, -2.75, '2001-02-28', '2023-12-31 23:59:59.999', 1e10, 2, 'long note here'),
 (6, 'anna', 'Tromsø', 19, 100.00, '2004-02-29', '2024-01-01 00:00:00.000', 0.1, 3, 'ö'),
 (7, 'Gina', 'Bergen', 25, 7.25, '1996-07-15', null, 2, null, null),
 (8, null, 'Oslo', 60, 12.34, '1964-06-01', '2024-05-03 08:15:30.500', 1e-7, 1, 'first'),
 (9, 'Ivar', 'Bodø', 31, 3.33, '1990-01-05', '2024-05-01 10:00:00.123', 3.14159, 9, 'zz'),
 (10, 'Jon', 'Bergen', 52, 99999999.99, '1972-03-03', '2024-02-29 12:00:00.001', -0.0, 5, 'Zz');
insert into song values
 (1, 1, 'alpha', 10, '00:03:20'), (1, 2, 'beta', 0, '00:04:00'), (2, 1, 'gamma', 5, '00:02:59'),
 (3, 1, 'delta', null, null), (4, 1, 'alpha', 7, '00:03:20'), (4, 2, 'omega', 100, '01:00:00'),
 (4, 3, 'beta', 1, '00:00:30'), (6, 1, 'zeta', 2, '00:05:05'), (9, 1, 'eta', 2, '00:03:33'), (11, 1, 'orphan', 1, '00:01:00');
insert into plain_tag values (1, 'one'), (2, 'two'), (3, 'three');

create table item (sku varchar(20) not null, person_id bigint not null, kind enum('Small','large','tiny') , tags set('red','green','blue'), price decimal(8,3), weight float, made year, body varbinary(20), doc json, word varchar(20) collate utf8mb4_bin, general varchar(20) collate utf8mb4_general_ci, n tinyint unsigned, primary key (sku), key (person_id));
create table visit (id int not null, person_id bigint not null, at timestamp null, minutes smallint, primary key (id));
create table country (code char(2) not null, name varchar(30), population bigint unsigned, primary key (code));
create table one.lone (id int not null, person_id bigint, label varchar(20), amount decimal(10,2), primary key (id));
insert into item values
 ('ab-1', 1, 'Small', 'red,blue', 1.500, 0.5, 1999, 'raw', '{"a": 1, "b": [1, 2]}', 'Word', 'Straße', 0),
 ('AB-2', 1, 'large', '', null, 2.25, 2024, x'00ff', '[1, "x", null]', 'word', 'strasse', 255),
 ('cd-1', 2, 'tiny', 'green', -0.125, null, null, '', 'null', 'WORD', 'STRASSE', 7),
 ('cd-2', 4, null, null, 99999.999, 1024, 2000, null, null, null, null, null),
 ('ef-1', 4, 'large', 'red', 1.500, -1.5, 1999, 'Raw', '{"a": "one"}', 'é', 'e', 7),
 ('ef-2', 6, 'Small', 'red,green,blue', 0.001, 0, 1970, 'raw ', '"text"', 'e', 'é', 100),
 ('gh-1', 99, 'tiny', 'blue', 12.000, 3, 2024, 'x', '5', '', '', 1);
insert into visit values
 (1, 1, '2024-05-01 10:00:00', 10), (2, 1, '2024-05-02 10:00:00', 20), (3, 2, null, null), (4, 4, '2024-05-01 10:00:00', 5),
 (5, 4, '2024-02-29 23:59:59', 0), (6, 4, '2024-03-01 00:00:00', -5), (7, 9, '2023-12-31 00:00:00', 45), (8, 77, '2024-05-01 10:00:00', 10);
insert into country values ('NO', 'Norway', 5500000), ('SE', 'Sweden', 10500000), ('is', 'Iceland', 18446744073709551615), ('XX', null, null);
insert into one.lone values (1, 1, 'first', 10.50), (2, 4, 'fourth', 0.00), (3, null, 'nobody', null), (4, 99, 'ghost', 7.25), (5, 4, 'again', 1.00);

create table mail (id bigint not null, email varchar(60) not null, nick varchar(30), n int, primary key (id), unique key (email));
/* gateway */ create table one.{ks}_by_email (email varchar(60) not null, id varbinary(16), primary key (email));
/* gateway */ create table one.{ks}_by_nick (nick varchar(30) not null, id varbinary(16) not null, primary key (nick, id));
