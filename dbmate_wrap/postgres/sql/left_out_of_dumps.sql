-- What pg_dump leaves out of a schema, or writes only for a superuser; in words.
select pg_catalog.format('%s large objects', pg_catalog.count(*)) as what from pg_catalog.pg_largeobject_metadata having pg_catalog.count(*) > 0
union all
select distinct pg_catalog.format('the subscription %I', subname)
from pg_catalog.pg_stat_subscription
where subname is not null
union all
select pg_catalog.format('the rows in the configuration tables of the extension %I', extname)
from pg_catalog.pg_extension
where extconfig is not null
order by what
