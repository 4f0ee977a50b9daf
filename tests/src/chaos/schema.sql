create table entry (client bigint, step bigint, primary key (client, step));
create table account (branch bigint, id bigint, balance bigint not null, primary key (branch, id));
create table counter (client bigint primary key, n bigint not null);
