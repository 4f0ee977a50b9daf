-- Values of sharding columns that are not of the column's type.
insert into plain_tag (id, label) values (37.4, 'rounded'), ('038', 'text'), (39e0, 'float'), (-40.5, 'minus'), (true, 'one') on duplicate key update label = 'true';
select id, label from plain_tag where id = 37;
select id, label from plain_tag where id = '037';
select id, label from plain_tag where id = 38.0;
select id, label from plain_tag where id = 38.5;
select id, label from plain_tag where id = 3.9e1;
select id, label from plain_tag where id = -41;
select id, label from plain_tag where id in ('038', 39.0, 2.5, 1) order by id;
select id, label from plain_tag where id = true;
select count(*) from plain_tag where id = ' 038';
update plain_tag set id = '41' where id = 39;
select id, label from plain_tag where id = 41;
update plain_tag set id = 41.6 where id = 41;
select id, label from plain_tag where id = 42;
insert into plain_tag (id, label) values ('abc', 'x');
insert into plain_tag (id, label) values (null, 'x');
update plain_tag set id = null where id = 1;
insert into plain_tag (id, label) select id + 100.6, name from person where id < 4;
select id, label from plain_tag where id = 102;
insert into plain_tag (id, label) values (2, 'again') on duplicate key update id = values(id), label = 'again';
insert into plain_tag (id, label) values (3, 'same') on duplicate key update id = id, label = 'same';
select id, label from plain_tag where id in (2, 3) order by id;
delete from plain_tag where id = '0102';
select count(*) from plain_tag;
-- Copies of a reference table get the same rows.
insert into country (code, name) select concat('A', id), name from person where id < 4;
insert ignore into country (code, name) select concat('A', id), 'again' from person where id < 6;
insert into country (code, name) select 'NO', 'Norge' on duplicate key update name = values(name);
select code, name from country order by code;
-- A statement cannot read what it changes.
update person set age = 1 where id in (select id from person where age > 3);
update person p set age = (select max(q.age) from person q) where p.id = 1;
delete from song where plays > (select avg(plays) from song);
update person set age = 2 where id in (select id from (select id from person where age > 50) x);
select id, age from person order by id;
-- Rows that are read are locked for sharing.
update person p join one.lone l on l.person_id = p.id set p.note = l.label;
select p.id, p.note from person p join one.lone l on l.person_id = p.id order by l.id for update of p;
select p.id from person p join song s on s.plays = p.age for update of q;
select id from person where id between 2 and 4 order by id;
