"""Prints the columns of each table below an address of S3 as JSON, {table: [name, …]}: ENDPOINT ROOT."""

import json
import sys

import pyarrow.fs
import pyarrow.parquet

endpoint, root = sys.argv[1:]
host = endpoint.removeprefix("http://")
keys = {"access_key": "one", "secret_key": "two"}
store = pyarrow.fs.S3FileSystem(endpoint_override=host, scheme="http", region="us-east-1", **keys)
tables = {}
for info in store.get_file_info(pyarrow.fs.FileSelector(root, recursive=True)):
    table = info.path.removeprefix(root).strip("/").split("/")[0]
    if info.is_file and not table.startswith("_"):
        names = pyarrow.parquet.read_schema(info.path, filesystem=store).names
        tables[table] = sorted({*tables.get(table, []), *names})
json.dump(tables, sys.stdout)
