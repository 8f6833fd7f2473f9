-- Releases, and how many days passed since the one before.
--
-- The first release of a project has none before it.
--
-- Limits: releases that are announced for later are not in it; those of a monorepo are taken for one line of releases.
SELECT
    released."project_id" AS project_id,
    released.tag_name,
    released.released_at,
    ROUND((julianday(released.released_at) - julianday(LAG(released.released_at) OVER (PARTITION BY released."project_id" ORDER BY released.released_at, released.tag_name))) * 86400.0, 3) / 86400.0 AS days_since_previous,
    date(released.released_at, 'start of month') AS released_month
FROM "project_releases" AS released
WHERE NOT released.upcoming_release
