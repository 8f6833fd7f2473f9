-- How long it takes until what is merged is in production.
--
-- One of the four measures of DORA: from the merge to the end of the first deployment to production that succeeded after it.
-- What is merged and not deployed yet has no `deployed_at`.
--
-- Limits: it is taken for granted that a deployment brings everything that was merged before it, in the same project.
WITH moments AS (
    SELECT
        merge_request.project_id,
        merge_request.iid AS merge_request_iid,
        merge_request.merged_at AS happened_at,
        0 AS is_deployment
    FROM "project_merge_requests" AS merge_request
    WHERE merge_request.merged_at IS NOT NULL
    UNION ALL
    SELECT
        deployment.project_id,
        CAST(NULL AS INTEGER) AS merge_request_iid,
        deployment.ended_at AS happened_at,
        1 AS is_deployment
    FROM "production_deployments" AS deployment
    WHERE deployment.status = 'success'
),
followed AS (
    SELECT
        project_id,
        merge_request_iid,
        is_deployment,
        happened_at AS merged_at,
        MIN(CASE WHEN is_deployment = 1 THEN happened_at END) OVER (
            PARTITION BY project_id
            ORDER BY happened_at, is_deployment
            ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS deployed_at
    FROM moments
)
SELECT
    project_id,
    merge_request_iid,
    merged_at,
    deployed_at,
    ROUND((julianday(deployed_at) - julianday(merged_at)) * 86400.0, 3) / 3600.0 AS lead_hours,
    date(deployed_at, 'weekday 0', '-6 days') AS deployed_week
FROM followed
WHERE is_deployment = 0
