"""Writes the rows of Parquet files in S3 as SQL that puts them into a table, as Redshift's COPY would.

Each line that comes in is JSON: `from` (s3://bucket/prefix/), `table` in SQL, and its `columns`; each that goes out is JSON:
`sql`, or an `error`. The only argument is the address of S3. What Redshift would not take is an error: files of other
columns, texts of more bytes than a VARCHAR holds, types that it does not know.
"""

import json
import sys

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

store = pyarrow.fs.S3FileSystem(
    endpoint_override=sys.argv[1].removeprefix("http://"), scheme="http", region="us-east-1", access_key="a", secret_key="b"
)
known = [pa.bool_(), pa.int64(), pa.float64(), pa.date32(), pa.string()]


def text(value):
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).upper()
        case int():
            return str(value)
        case float():
            return f"'{value!r}'::float8"
        case str():
            assert len(value.encode()) <= 65_535, "a text that no VARCHAR holds"
            return "'" + value.replace("'", "''") + "'"
    return f"'{value.isoformat()}'"


def statements(asked):
    root = asked["from"].removeprefix("s3://").rstrip("/")
    for info in store.get_file_info(pyarrow.fs.FileSelector(root, recursive=True)):
        if not info.is_file:
            continue
        table = pq.read_table(store.open_input_file(info.path))
        assert table.schema.names == asked["columns"], f"{table.schema.names} are not {asked['columns']}"
        assert all(field.type in known for field in table.schema), table.schema
        for batch in table.to_batches(max_chunksize=500):
            columns = [column.to_pylist() for column in batch.columns]
            rows = ["(" + ", ".join(map(text, row)) + ")" for row in zip(*columns)]
            yield f"INSERT INTO {asked['table']} VALUES {', '.join(rows)};"


for line in sys.stdin:
    try:
        answer = {"sql": "\n".join(statements(json.loads(line)))}
    except Exception as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
