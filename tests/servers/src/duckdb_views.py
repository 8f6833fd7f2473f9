# Makes temporary views over the tables of a DuckDB file, and prints what they say as one JSON object.
import datetime
import decimal
import json
import sys

import duckdb


def plain(value):
    if isinstance(value, datetime.datetime):
        assert value.tzinfo is None
        return value.isoformat(timespec="microseconds") + "Z"
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, datetime.date) else value


database = duckdb.connect(sys.argv[1], read_only=True)
answers = {}
for name, sql in json.loads(sys.argv[2]):
    database.execute("CREATE TEMPORARY VIEW " + name + " AS " + sql)
    cursor = database.execute("SELECT * FROM " + name)
    columns = [column[0] for column in cursor.description]
    answers[name] = [dict(zip(columns, map(plain, row))) for row in cursor.fetchall()]
json.dump(answers, sys.stdout)
