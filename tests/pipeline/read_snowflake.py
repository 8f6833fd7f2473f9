"""Prints the tables of a schema as JSON, {table: {"kinds": {column: kind}, "rows": [{column: text}]}}, by Snowflake's own
connector. One argument, JSON: `port` of a server on this machine, `database`, `schema`, and `run`, statements to run instead,
after which it ends without a word to the server, whatever they have begun.
"""

import datetime
import json
import os
import sys

import snowflake.connector

asked = json.loads(sys.argv[1])
schema = asked["schema"]
connection = snowflake.connector.connect(
    account="an-account", user="READER", password="none", host="127.0.0.1", port=asked["port"], protocol="http",
    database=asked["database"],
)


def rows(sql):
    cursor = connection.cursor()
    return cursor.execute(sql).fetchall()


def asked_for(column, kind):
    """In upper case, as a name without quotes is read; only reserved words need them. Times come as numbers, of which nothing
    is lost on the way."""
    name = f'"{column.upper()}"'
    return f"DATE_PART(EPOCH_MICROSECOND, {name})" if kind == "timestamp" else name


def text(value, kind):
    if value is None:
        return None
    if kind == "timestamp":
        at = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=int(value))
        return f"{at.year:04}-{at:%m-%dT%H:%M:%S.%f}Z"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


if "run" in asked:
    for statement in asked["run"]:
        connection.cursor().execute(statement)
    os._exit(0)
tables = {}
for table, column, kind in rows(f'SELECT TABLE_NAME, COLUMN_NAME, KIND FROM {schema}._COLUMNS'):
    tables.setdefault(table, {"kinds": {}})["kinds"][column] = kind
for name, table in tables.items():
    kinds = {column: kind for column, kind in table["kinds"].items() if column not in ("_load_id", "_loaded_at")}
    named = ", ".join(asked_for(*column) for column in kinds.items())
    found = rows(f'SELECT {named} FROM {schema}."{name.upper()}"')
    table["rows"] = [dict(zip(kinds, map(text, row, kinds.values()))) for row in found]
json.dump(tables, sys.stdout)
