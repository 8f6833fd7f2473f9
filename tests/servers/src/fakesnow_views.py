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


def rows(sql):
    return connection.cursor().execute(sql).fetchall()


def plain(value):
    match value:
        case datetime.datetime():
            value = value.replace(tzinfo=value.tzinfo or datetime.timezone.utc).astimezone(datetime.timezone.utc)
            return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
        case datetime.date():
            return value.isoformat()
        case decimal.Decimal():
            return float(value)
    return value


answers = {}
for name, sql in asked["views"]:
    rows(f"CREATE VIEW {name} AS {sql}")
    columns = connection.cursor().describe(f"SELECT * FROM {name}")
    found = rows(f"SELECT * FROM {name}")
    answers[name] = [{column.name.lower(): plain(value) for column, value in zip(columns, row)} for row in found]
json.dump(answers, sys.stdout)
