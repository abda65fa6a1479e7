-- From format 1 to 2: a run is about one history table. Only the owner of the tables may do this.
alter table dbmate_wrap.run add column if not exists history pg_catalog.text;
update dbmate_wrap.format set version = 2 where version < 2;
