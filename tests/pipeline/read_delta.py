"""Prints the Delta tables below a place as JSON, {table: [row, …]}, by tools that know nothing of the pipeline.

One argument, JSON: `reader` is deltalake or duckdb; `root` is a folder, or `s3://bucket/prefix` whose server is at
`endpoint`. With `rows`, {table: rows}, deltalake adds these rows; with `tidy`, it writes small files together.
"""

import json
import os
import pathlib
import sys

import deltalake
import duckdb
import pyarrow
import pyarrow.fs

from as_json import plain

asked = json.loads(sys.argv[1])
root = asked["root"].rstrip("/")
options = {}
if endpoint := asked.get("endpoint"):
    options = {
        "endpoint_url": endpoint,
        "allow_http": "true",
        "access_key_id": "one",
        "secret_access_key": "two",
        "region": "us-east-1",
        "conditional_put": "etag",
    }


def tables():
    if not endpoint:
        return [folder.name for folder in pathlib.Path(root).iterdir() if (folder / "_delta_log").is_dir()]
    host = endpoint.removeprefix("http://")
    keys = {"access_key": "one", "secret_key": "two", "region": "us-east-1"}
    store = pyarrow.fs.S3FileSystem(endpoint_override=host, scheme="http", **keys)
    folders = store.get_file_info(pyarrow.fs.FileSelector(root.removeprefix("s3://")))
    return [info.base_name for info in folders if not info.base_name.startswith("_")]


def by_duckdb(folder):
    return duckdb.sql(f"select * from delta_scan('{folder}')").to_arrow_table().to_pylist()


def by_deltalake(folder):
    table = deltalake.DeltaTable(folder, storage_options=options)
    return pyarrow.table(table.to_pyarrow_table()).to_pylist()


if asked["reader"] == "duckdb":
    import duckdb_extension_delta

    extension = next(pathlib.Path(duckdb_extension_delta.__file__).parent.rglob("delta.duckdb_extension"))
    duckdb.sql(f"load '{extension}'")
    duckdb.sql("set timezone = 'UTC'")
read = {"deltalake": by_deltalake, "duckdb": by_duckdb}[asked["reader"]]
for name, rows in asked.get("rows", {}).items():
    folder = f"{root}/{name}"
    schema = pyarrow.schema(deltalake.DeltaTable(folder, storage_options=options).schema().to_arrow())
    deltalake.write_deltalake(
        folder, pyarrow.Table.from_pylist(rows, schema=schema), mode="append", storage_options=options
    )
if asked.get("tidy"):
    for name in tables():
        table = deltalake.DeltaTable(f"{root}/{name}", storage_options=options)
        table.optimize.compact()
        table.create_checkpoint()
found = {
    name: [{column: plain(value) for column, value in row.items()} for row in read(f"{root}/{name}")]
    for name in tables()
}
json.dump(found, sys.stdout)
