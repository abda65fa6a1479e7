"""Imports and reads for the fork server of a fleet what each process would else import and read for itself.

Nothing of it is garbage of any process: so none looks through it, and its memory stays shared.
"""

import gc
import multiprocessing.popen_forkserver  # noqa: F401
import pkgutil  # noqa: F401
import pwd  # noqa: F401
import unicodedata  # noqa: F401

import dbmate_wrap.cli.fleet_worker
import dbmate_wrap.cli.main
import dbmate_wrap.commands.drift
import dbmate_wrap.commands.up
import dbmate_wrap.execution.adoption
import dbmate_wrap.execution.apply
import dbmate_wrap.execution.attended
import dbmate_wrap.execution.readiness
import dbmate_wrap.preflight.engine
import dbmate_wrap.settings.fleet_urls
import dbmate_wrap.settings.fleets
import dbmate_wrap.settings.url_command
import dbmate_wrap.workspace.missing_rows
import dbmate_wrap.workspace.schema_file
from dbmate_wrap import sql
from dbmate_wrap.postgres import queries, session

queries.load_all_queries()
session.load_driver()
if sql.is_available():
    import dbmate_wrap.sql.creates
    import dbmate_wrap.sql.touched  # noqa: F401
    from dbmate_wrap.sql.requirements import requirements_of

    # The parser makes its tables when it is first used.
    requirements_of(["create table public.t (id int8)"])
gc.freeze()
