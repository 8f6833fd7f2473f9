-- How often code is deployed to production, week by week.
--
-- One of the four measures of DORA.
--
-- Limits: weeks without a deployment have no row. See `production_deployments` for what counts.
WITH weeks AS (
    SELECT
        deployment.project_id,
        deployment.environment,
        date(deployment.ended_at, 'weekday 0', '-6 days') AS week,
        date(deployment.ended_at) AS ended_on,
        deployment.status
    FROM "production_deployments" AS deployment
)
SELECT
    project_id,
    environment,
    week,
    COUNT(CASE WHEN status = 'success' THEN 1 END) AS deployments,
    COUNT(CASE WHEN status = 'failed' THEN 1 END) AS failed_deployments,
    COUNT(DISTINCT CASE WHEN status = 'success' THEN ended_on END) AS days_with_deployments
FROM weeks
GROUP BY project_id, environment, week
