# Prints all tables of a DuckDB file as one JSON object.
import datetime
import json
import sys

import duckdb


def plain(value):
    if isinstance(value, datetime.datetime):
        assert value.tzinfo is None
        return value.isoformat(timespec="microseconds") + "Z"
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


database = duckdb.connect(sys.argv[1], read_only=True)
tables = {}
for (name,) in database.sql("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall():
    cursor = database.execute('SELECT * FROM "' + name.replace('"', '""') + '"')
    columns = [column[0] for column in cursor.description]
    tables[name] = [dict(zip(columns, map(plain, row))) for row in cursor.fetchall()]
json.dump(tables, sys.stdout)
