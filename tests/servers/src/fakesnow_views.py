"""Makes views in a schema, and prints what they say as one JSON object. One argument, JSON: `port` of a server on this
machine, `database`, `schema` and `views`, a list of names and queries.
"""

import datetime
import decimal
import json
import sys

import snowflake.connector

asked = json.loads(sys.argv[1])
connection = snowflake.connector.connect(
    account="an-account", user="READER", password="none", host="127.0.0.1", port=asked["port"], protocol="http",
    database=asked["database"], schema=asked["schema"],
)
# The connector's numbers of the types of times.
TIMES = (6, 7, 8)


def rows(sql):
    return connection.cursor().execute(sql).fetchall()


def asked_for(column):
    """A time that is null comes back as 1970 from fakesnow, so times come as numbers."""
    name = f'"{column.name}"'
    return f"DATE_PART(EPOCH_MICROSECOND, {name})" if column.type_code in TIMES else name


def plain(value, column):
    if value is None:
        return None
    if column.type_code in TIMES:
        at = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=int(value))
        return at.isoformat(timespec="microseconds") + "Z"
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, datetime.date) else value


answers = {}
for name, sql in asked["views"]:
    rows(f"CREATE VIEW {name} AS {sql}")
    columns = connection.cursor().describe(f"SELECT * FROM {name}")
    found = rows(f"SELECT {', '.join(map(asked_for, columns))} FROM {name}")
    answers[name] = [
        {column.name.lower(): plain(value, column) for column, value in zip(columns, row)} for row in found
    ]
json.dump(answers, sys.stdout)
