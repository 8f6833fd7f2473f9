"""Starts fakesnow on a port, as a server that takes what Snowflake takes and fakesnow does not.

It knows no settings of a session but two. Here all others are taken; those that mean something are the time after which a
statement is ended, and how many statements a request may have: always one. Its times are in UTC anyway.

Times that are null come from it as 1970. Here they are null.

Its list of tables has no views, comments on tables must not have quotes, and those on columns are dropped. Here each is
as Snowflake has it.

Its locks do not wait. Here a statement waits while somebody's transaction is in its way, and as in Snowflake one that has
done nothing for a while is rolled back, since who began it may be dead. Within a transaction DuckDB has no second try: there
the statement fails with Snowflake's number for locks.
"""

import re
import sys
import threading
import time
from string import Template

import duckdb
import pyarrow as pa
import uvicorn
from fakesnow import arrow, info_schema, transforms
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.dialect import parse
from fakesnow.expr import exp
from fakesnow.server import app, sessions
from fakesnow.transforms.transforms import SUCCESS_NOP
from snowflake.connector.errors import ProgrammingError

IDLE, PATIENCE = 5, 30  # seconds; Snowflake's are 300, and what `LOCK_TIMEOUT` says
BUSY, LATE, SEVERAL = 625, 630, 8
ENDS_AFTER = re.compile(r"ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = (\d+)")

# Columns of a table, and the comment on each as Snowflake writes a text.
COMMENTS = re.compile(r"ALTER TABLE (\S+) ALTER (COLUMN .+ COMMENT .+)", re.DOTALL)
COMMENT = re.compile(r"""COLUMN ("(?:[^"]|"")+") COMMENT '((?:[^'\\]|''|\\.)*)'""", re.DOTALL)
OF_TABLES = "from duckdb_tables tables"
OF_ALL = """from (select database_name, schema_name, table_name, estimated_size from duckdb_tables
union all select database_name, schema_name, view_name, 0 from duckdb_views) tables"""

known = transforms.alter_session
table_comment = info_schema.insert_table_comment_sql
tables = info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW.template
assert OF_TABLES in tables
execute = FakeSnowflakeCursor.execute
of_times = arrow.timestamp_to_sf_struct


def times_or_null(times):
    times = times.combine_chunks() if isinstance(times, pa.ChunkedArray) else times
    struct = of_times(times.fill_null(0))
    return pa.StructArray.from_arrays(struct.flatten(), fields=list(struct.type), mask=times.is_null())


def alter_session(expression):
    is_setting = isinstance(expression, exp.Alter) and expression.args.get("kind") == "SESSION"
    return SUCCESS_NOP.copy() if is_setting else known(expression)


def comment_on_table(catalog, schema, table, comment):
    return table_comment(catalog, schema, table, (comment or "").replace("'", "''"))


def comment_on_columns(session, table, columns):
    for name, text in COMMENT.findall(columns):
        text = re.sub(r"''|\\(.)", lambda escaped: escaped[1] or "'", text, flags=re.DOTALL).replace("'", "''")
        session._duck_conn.execute(f"COMMENT ON COLUMN {table}.{name} IS '{text}'")


def end_idle_transactions():
    for session in list(sessions.values()):
        if getattr(session, "is_open", False) and time.monotonic() - session.used > IDLE:
            session.is_open = False
            session._duck_conn.rollback()


def refused(number, state, message):
    return ProgrammingError(msg=message, errno=number, sqlstate=state)


def execute_in_time(self, command, *args, **kwargs):
    session, count = self._conn, 1
    if ";" in command:
        count = len([statement for statement in parse(command) if statement])
    if count > 1:
        raise refused(SEVERAL, "0A000", f"Actual statement count {count} did not match the desired statement count 1.")
    if asked := ENDS_AFTER.fullmatch(command):
        session.ends_after = int(asked[1])
    patience = getattr(session, "ends_after", 172_800)
    timer = threading.Timer(patience, session._duck_conn.interrupt)
    timer.start()
    try:
        return execute(self, command, *args, **kwargs)
    except duckdb.InterruptException as error:
        message = f"Statement reached its statement or warehouse timeout of {patience} second(s) and was canceled."
        raise refused(LATE, "57014", message) from error
    finally:
        timer.cancel()


def execute_in_turn(self, command, *args, **kwargs):
    session, word, start = self._conn, command.strip().upper(), time.monotonic()
    was_open = getattr(session, "is_open", False)
    session.used = float("inf")
    if comments := COMMENTS.fullmatch(command):
        comment_on_columns(session, *comments.groups())
        command = "SELECT 'Statement executed successfully.' AS \"status\""
    try:
        while True:
            try:
                done = execute_in_time(self, command, *args, **kwargs)
                session.is_open = word == "BEGIN" or was_open and word not in ("COMMIT", "ROLLBACK")
                return done
            except duckdb.TransactionException as error:
                if was_open or time.monotonic() - start > PATIENCE:
                    raise refused(BUSY, "57014", str(error)) from error
                end_idle_transactions()
                time.sleep(0.1)
    finally:
        session.used = time.monotonic()


arrow.timestamp_to_sf_struct = times_or_null
transforms.alter_session = alter_session
info_schema.insert_table_comment_sql = comment_on_table
info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW = Template(tables.replace(OF_TABLES, OF_ALL))
FakeSnowflakeCursor.execute = execute_in_turn
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]))
