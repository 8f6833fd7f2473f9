-- How many incidents there are for each deployment to production, month by month.
--
-- One of the four measures of DORA, as GitLab counts it: incidents for each deployment to production that succeeded.
--
-- Limits: an incident is an issue of that type in the project that is deployed, and counts in the month in which it was
-- opened, whichever deployment has caused it. So a rate may be above 1, and is null where nothing was deployed.
WITH events AS (
    SELECT
        deployment.project_id,
        date(deployment.ended_at, 'start of month') AS month,
        CASE WHEN deployment.status = 'success' THEN 1 ELSE 0 END AS deployment,
        CASE WHEN deployment.status = 'failed' THEN 1 ELSE 0 END AS failed_deployment,
        0 AS incident
    FROM "production_deployments" AS deployment
    UNION ALL
    SELECT
        issue.project_id,
        date(issue.created_at, 'start of month') AS month,
        0 AS deployment,
        0 AS failed_deployment,
        1 AS incident
    FROM "project_issues" AS issue
    WHERE issue.issue_type = 'incident'
),
months AS (
    SELECT
        project_id,
        month,
        CAST(SUM(deployment) AS INTEGER) AS deployments,
        CAST(SUM(failed_deployment) AS INTEGER) AS failed_deployments,
        CAST(SUM(incident) AS INTEGER) AS incidents
    FROM events
    GROUP BY project_id, month
)
SELECT
    project_id,
    month,
    deployments,
    failed_deployments,
    incidents,
    CAST(incidents AS REAL) / NULLIF(deployments, 0) AS change_failure_rate
FROM months
