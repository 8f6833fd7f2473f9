"""Loads pages of records with dlt as its documentation has it for speed: whole pages are yielded and appended, files are
Parquet, buffers are large, nothing is sent home."""

import os
import sys

pages, destination, folder, name = sys.argv[1:]
os.environ["DLT_DATA_DIR"] = folder + "/dlt"
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
os.environ["DATA_WRITER__BUFFER_MAX_ITEMS"] = "20000"

import dlt
from dlt.common.json import json


@dlt.resource(name=name, primary_key="id", write_disposition="append")
def records():
    with open(pages, "rb") as lines:
        for line in lines:
            yield json.loadb(line)


if destination == "parquet":
    place = dlt.destinations.filesystem(bucket_url="file://" + folder + "/lake")
else:
    place = dlt.destinations.duckdb(folder + "/dlt.duckdb")
pipeline = dlt.pipeline("beside", destination=place, dataset_name="gitlab", pipelines_dir=folder + "/pipelines")
pipeline.run(records(), loader_file_format="parquet").raise_on_failed_jobs()
print(pipeline.last_trace.last_normalize_info.row_counts[name])
