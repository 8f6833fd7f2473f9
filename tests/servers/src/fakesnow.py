"""Starts fakesnow on a port, as a server that takes what Snowflake takes and fakesnow does not.

It knows no settings of a session but two: here all others are taken, and mean nothing. Its times are in UTC anyway.

Its list of tables has no views, comments on tables must not have quotes, and those on columns are dropped. Here each is
as Snowflake has it.

Its locks do not wait. Here a statement waits while somebody's transaction is in its way, and as in Snowflake one that has
done nothing for a while is rolled back, since who began it may be dead. Within a transaction DuckDB has no second try: there
the statement fails with Snowflake's number for locks.
"""

import re
import sys
import time
from string import Template

import duckdb
import uvicorn
from fakesnow import info_schema, transforms
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.expr import exp
from fakesnow.server import app, sessions
from fakesnow.transforms.transforms import SUCCESS_NOP
from snowflake.connector.errors import ProgrammingError

IDLE, PATIENCE = 5, 30  # seconds; Snowflake's are 300, and what `LOCK_TIMEOUT` says
BUSY = 625

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
                done = execute(self, command, *args, **kwargs)
                session.is_open = word == "BEGIN" or was_open and word not in ("COMMIT", "ROLLBACK")
                return done
            except duckdb.TransactionException as error:
                if was_open or time.monotonic() - start > PATIENCE:
                    raise ProgrammingError(msg=str(error), errno=BUSY, sqlstate="57014") from error
                end_idle_transactions()
                time.sleep(0.1)
    finally:
        session.used = time.monotonic()


transforms.alter_session = alter_session
info_schema.insert_table_comment_sql = comment_on_table
info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW = Template(tables.replace(OF_TABLES, OF_ALL))
FakeSnowflakeCursor.execute = execute_in_turn
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]))
