-- How many pipelines of each branch succeed, and how long they take, week by week.
--
-- The rate is of those that succeeded or failed: canceled and skipped ones say nothing of the code. A pipeline lasts from
-- the start of its first job to the end of its last one, retries among them.
--
-- Limits: a job that was retried days later makes its pipeline that long. Where jobs are not loaded there are no durations.
WITH lengths AS (
    SELECT
        job."project_id" AS project_id,
        job.pipeline__id AS pipeline_id,
        MIN(job.started_at) AS started_at,
        MAX(job.finished_at) AS finished_at
    FROM "pipeline_jobs" AS job
    GROUP BY job."project_id", job.pipeline__id
),
pipelines AS (
    SELECT
        pipeline.project_id,
        pipeline.ref AS branch,
        date(pipeline.created_at, 'weekday 0', '-6 days') AS week,
        pipeline.status,
        ROUND((julianday(lengths.finished_at) - julianday(lengths.started_at)) * 86400.0, 3) / 60.0 AS minutes
    FROM "project_pipelines" AS pipeline
    LEFT JOIN lengths
        ON lengths.project_id = pipeline.project_id
        AND lengths.pipeline_id = pipeline.id
),
weeks AS (
    SELECT
        project_id,
        branch,
        week,
        COUNT(*) AS pipelines,
        COUNT(CASE WHEN status IN ('success', 'failed') THEN 1 END) AS finished,
        COUNT(CASE WHEN status = 'success' THEN 1 END) AS succeeded,
        COUNT(CASE WHEN status IN ('success', 'failed') AND minutes IS NOT NULL THEN 1 END) AS timed,
        SUM(CASE WHEN status IN ('success', 'failed') THEN minutes END) AS total_minutes
    FROM pipelines
    GROUP BY project_id, branch, week
)
SELECT
    project_id,
    branch,
    week,
    pipelines,
    finished,
    succeeded,
    CAST(succeeded AS REAL) / NULLIF(finished, 0) AS success_rate,
    timed,
    total_minutes,
    CAST(total_minutes AS REAL) / NULLIF(timed, 0) AS average_minutes
FROM weeks
