-- Only where there is no schema: CREATE SCHEMA IF NOT EXISTS asks for CREATE on the database even where there is one.
create schema if not exists dbmate_wrap;
comment on schema dbmate_wrap is
    'What dbmate-wrap keeps for itself: ledger of migrations, runs, environment stamp. No part of the application''s schema.';
