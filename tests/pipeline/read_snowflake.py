"""Prints the tables of a schema as JSON, {table: {"kinds": {column: kind}, "rows": [{column: text}]}}, by Snowflake's own
connector. One argument, JSON: `port` of a server on this machine, `database`, `schema`, and `run`, SQL to run instead.
"""

import datetime
import json
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


def text(value):
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case datetime.datetime():
            at = value.astimezone(datetime.timezone.utc)
            return f"{at.year:04}-{at:%m-%dT%H:%M:%S.%f}Z"
        case float():
            return repr(value)
    return str(value)


if "run" in asked:
    connection.cursor().execute(asked["run"])
    sys.exit()
tables = {}
for table, column, kind in rows(f'SELECT TABLE_NAME, COLUMN_NAME, KIND FROM {schema}._COLUMNS'):
    tables.setdefault(table, {"kinds": {}})["kinds"][column] = kind
for name, table in tables.items():
    columns = [column for column in table["kinds"] if column not in ("_load_id", "_loaded_at")]
    # In upper case, as a name without quotes is read; only reserved words need them.
    named = ", ".join(f'"{column.upper()}"' for column in columns)
    found = rows(f'SELECT {named} FROM {schema}."{name.upper()}"')
    table["rows"] = [dict(zip(columns, map(text, row))) for row in found]
json.dump(tables, sys.stdout)
