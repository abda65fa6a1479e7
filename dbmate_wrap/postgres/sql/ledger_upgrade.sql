-- To format 3: a run is about one history table (2), and may have the consent of a person; a line keeps the text that ran.
-- Only the owner of the tables may do this.
alter table dbmate_wrap.run add column if not exists history pg_catalog.text;
alter table dbmate_wrap.run add column if not exists consent pg_catalog.text;
alter table dbmate_wrap.ledger add column if not exists content pg_catalog.bytea;
update dbmate_wrap.format set version = 3 where version < 3;
