-- How long jobs wait for a runner, week by week.
--
-- What GitLab says of each run of a job, retries among them, in seconds; the week is that in which the job was made.
--
-- Limits: jobs that no runner has taken yet are not in it, so a queue that stands still looks short.
WITH runs AS (
    SELECT
        job."project_id" AS project_id,
        date(job.created_at, 'weekday 0', '-6 days') AS week,
        job.queued_duration
    FROM "pipeline_jobs" AS job
    WHERE job.queued_duration IS NOT NULL
)
SELECT
    project_id,
    week,
    COUNT(*) AS jobs,
    SUM(queued_duration) AS queued_seconds,
    CAST(SUM(queued_duration) AS REAL) / NULLIF(COUNT(*), 0) AS average_seconds,
    MAX(queued_duration) AS longest_seconds,
    COUNT(CASE WHEN queued_duration > 60 THEN 1 END) AS over_a_minute
FROM runs
GROUP BY project_id, week
