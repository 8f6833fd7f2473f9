-- Deployments to production that succeeded or failed.
--
-- What counts as production is said here, once for the views that stand on this one: the tier that GitLab has for the
-- environment. Put names of yours here where tiers are not kept.
--
-- Limits: `ended_at` is when GitLab last changed the deployment, which of one that is over is when it ended. Deployments to
-- environments that were deleted are not in it.
SELECT
    deployment.project_id,
    deployment.id AS deployment_id,
    environment.name AS environment,
    deployment.sha,
    deployment.status,
    deployment.created_at AS started_at,
    deployment.updated_at AS ended_at
FROM "project_deployments" AS deployment
JOIN "project_environments" AS environment
    ON environment.id = deployment.environment__id
WHERE environment.tier = 'production'
    AND deployment.status IN ('success', 'failed')
