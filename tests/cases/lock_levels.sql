create schema shop;
create table shop.customers (id int primary key, name varchar(20), email text);
create table shop.orders (
    id int primary key, customer_id int references shop.customers, note varchar(20), amount int, plain text,
    constraint amount_set check (amount is not null)
);
alter table shop.orders add constraint positive check (amount > 0) not valid;
create table shop.lines (id int primary key, order_id int);
alter table shop.lines add constraint line_order foreign key (order_id) references shop.orders not valid;
create index orders_note on shop.orders (note);
create unique index orders_amount on shop.orders (amount);
create table shop.events (id int) partition by range (id);
create table shop.events_1 partition of shop.events for values from (0) to (10);
create table shop.events_rest partition of shop.events default;
create table shop.events_2 (id int);
create table shop.logs (id int) partition by range (id);
create table shop.logs_1 partition of shop.logs for values from (0) to (10);
create table shop.parent (id int);
create unlogged table shop.scratch (id int);
create domain shop.positive as int;
create table shop.stock (n shop.positive not null);
create view shop.names as select name from shop.customers;
create materialized view shop.totals as select id, amount from shop.orders;
create unique index totals_id on shop.totals (id);
create sequence shop.numbers;
create type shop.mood as enum ('good');
create function shop.touch() returns trigger language plpgsql as 'begin return new; end';
