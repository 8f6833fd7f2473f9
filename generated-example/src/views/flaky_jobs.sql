-- Which jobs failed and succeeded on the same code.
--
-- In one pipeline the code is the same: a job of which one run failed and another one succeeded is flaky.
--
-- Limits: only what was run again is found, so a job that is never retried is never flaky here.
WITH runs AS (
    SELECT
        job."project_id" AS project_id,
        job.pipeline__id AS pipeline_id,
        job.name AS job,
        COUNT(CASE WHEN job.status = 'success' THEN 1 END) AS succeeded,
        COUNT(CASE WHEN job.status = 'failed' THEN 1 END) AS failed
    FROM "pipeline_jobs" AS job
    WHERE job.status IN ('success', 'failed')
    GROUP BY job."project_id", job.pipeline__id, job.name
),
counts AS (
    SELECT
        project_id,
        job,
        COUNT(*) AS pipelines,
        CAST(SUM(succeeded + failed) AS INTEGER) AS runs,
        COUNT(CASE WHEN succeeded > 0 AND failed > 0 THEN 1 END) AS flaky_pipelines
    FROM runs
    GROUP BY project_id, job
)
SELECT
    project_id,
    job,
    pipelines,
    runs,
    flaky_pipelines,
    CAST(flaky_pipelines AS REAL) / NULLIF(pipelines, 0) AS flaky_rate
FROM counts
WHERE flaky_pipelines > 0
