-- What this run is about to run outside a transaction, or nothing any more.
update dbmate_wrap.run
set running = %(version)s
where run_id = %(run_id)s
