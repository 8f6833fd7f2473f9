"""Starts BigQuery's emulator on a port, with a folder for its data, as a server that does one thing at a time, and that
asks what a changed view says, not what it said when it was made.

It takes requests on many threads and runs jobs on others, all on one DuckDB whose catalog is files: at the same time they
wait for each other for minutes, fail to commit, or end the process. BigQuery itself is made for it. Who comes at the same
time is let in one after the other here, and a job is done before the next request is looked at.
"""

import asyncio
import sys
from pathlib import Path

import uvicorn
from local_bigquery.app import app
from local_bigquery.catalog import tables
from local_bigquery.engine import database
from local_bigquery.jobs.query import translate_view
from local_bigquery.jobs import runner
from local_bigquery.settings import settings

_, port, settings.default_project_id, folder = sys.argv
settings.data_dir = Path(folder)
runner.SUBMIT_WAIT_MS = 600_000
turn = asyncio.Lock()


update = tables.update


def update_view(project, dataset, name, body, *rest):
    if body.view:
        query = translate_view(project, dataset, body.view.query)
        database.execute(f"CREATE OR REPLACE VIEW {tables.name(project, dataset, name)} AS {query}")
    return update(project, dataset, name, body, *rest)


tables.update = update_view


async def one_at_a_time(scope, receive, send):
    async with turn:
        await app(scope, receive, send)


uvicorn.run(one_at_a_time, host="127.0.0.1", port=int(port), interface="asgi3", lifespan="off")
