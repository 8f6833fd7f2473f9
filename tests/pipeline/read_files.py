"""Prints the tables below a place as JSON, {table: [row, …]}, by tools that know nothing of the pipeline.

One argument, JSON: `reader` is pyarrow, duckdb, jsonl or csv; `store` is local, s3, azure or google; `root` is the path
below it, and `endpoint` the address of its server.
"""

import csv
import gzip
import io
import json
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import duckdb
import pyarrow.csv
import pyarrow.fs
import pyarrow.parquet

from as_json import nested, plain

asked = json.loads(sys.argv[1])
host = asked.get("endpoint", "").removeprefix("http://").split("/")[0]


class Google:
    """Google's XML API, of which pyarrow speaks another one."""

    def list(self, root):
        bucket, prefix = root.split("/", 1)
        token, names = None, []
        while True:
            query = {"list-type": "2", "prefix": prefix} | ({"continuation-token": token} if token else {})
            with urllib.request.urlopen(f"http://{host}/{bucket}?{urllib.parse.urlencode(query)}") as answer:
                page = xml.etree.ElementTree.fromstring(answer.read())
            names += [f"{bucket}/{entry.findtext('Key')}" for entry in page.iter("Contents")]
            token = page.findtext("NextContinuationToken")
            if not token:
                return names

    def read(self, path):
        with urllib.request.urlopen(f"http://{host}/{urllib.parse.quote(path)}") as answer:
            return answer.read()


class Arrow:
    def __init__(self, filesystem):
        self.filesystem = filesystem

    def list(self, root):
        selector = pyarrow.fs.FileSelector(root, recursive=True)
        return [info.path for info in self.filesystem.get_file_info(selector) if info.is_file]

    def read(self, path):
        with self.filesystem.open_input_stream(path, compression=None) as stream:
            return stream.read()


def store():
    match asked["store"]:
        case "local":
            return Arrow(pyarrow.fs.LocalFileSystem())
        case "s3":
            keys = {"access_key": "one", "secret_key": "two"}
            return Arrow(pyarrow.fs.S3FileSystem(endpoint_override=host, scheme="http", region="us-east-1", **keys))
        case "azure":
            where = {"blob_storage_authority": host, "blob_storage_scheme": "http"}
            where |= {"dfs_storage_authority": host, "dfs_storage_scheme": "http"}
            account = {"account_name": asked["account"], "account_key": asked["key"]}
            return Arrow(pyarrow.fs.AzureFileSystem(**account, **where))
        case "google":
            return Google()


def text(bytes, path):
    return (gzip.decompress(bytes) if path.endswith(".gz") else bytes).decode()


def parquet_rows(bytes):
    table = pyarrow.parquet.read_table(io.BytesIO(bytes))
    return [{name: plain(value) for name, value in row.items()} for row in table.to_pylist()]


def csv_rows(bytes, path):
    content = text(bytes, path).encode()
    names = next(csv.reader(io.StringIO(content.decode(), newline="")))
    options = pyarrow.csv.ConvertOptions(
        column_types={name: pyarrow.string() for name in names},
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    lines = pyarrow.csv.ParseOptions(newlines_in_values=True)
    return pyarrow.csv.read_csv(io.BytesIO(content), convert_options=options, parse_options=lines).to_pylist()


def duckdb_rows(folder):
    query = f"select * from read_parquet('{folder}/**/*.parquet', union_by_name = true, hive_partitioning = false)"
    duckdb.sql("set timezone = 'UTC'")
    relation = duckdb.sql(query)
    names = relation.columns
    return [dict(zip(names, map(plain, row))) for row in relation.fetchall()]


tables = {}
files, root = store(), asked["root"].rstrip("/")
for path in sorted(files.list(root)):
    folders = path.removeprefix(root).strip("/").split("/")
    if folders[0].startswith("_"):
        continue
    if asked["reader"] == "duckdb":
        tables.setdefault(folders[0], None)
        continue
    bytes = files.read(path)
    match asked["reader"]:
        case "pyarrow":
            rows = parquet_rows(bytes)
        case "jsonl":
            lines = text(bytes, path).split("\n")
            rows = [{name: nested(value) for name, value in json.loads(line).items()} for line in lines if line]
        case "csv":
            rows = csv_rows(bytes, path)
    tables.setdefault(folders[0], []).extend(rows)
if asked["reader"] == "duckdb":
    tables = {table: duckdb_rows(f"{root}/{table}") for table in tables}
for rows in tables.values():
    names = {name: None for row in rows for name in row}
    rows[:] = [names | row for row in rows]
json.dump(tables, sys.stdout)
