create table product(
  sku varbinary(128) not null,
  description varbinary(128),
  price bigint,
  primary key(sku)
);
create table customer_seq(id int, next_id bigint, cache bigint, primary key(id)) comment 'vitess_sequence';
create table order_seq(id int, next_id bigint, cache bigint, primary key(id)) comment 'vitess_sequence';
