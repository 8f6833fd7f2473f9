-- How many issues are opened, closed and reopened, week by week.
--
-- An issue counts as closed once, in the week in which it was last closed, and not while it is open again; each time that it
-- was reopened counts.
--
-- Limits: where events of states are not loaded, nothing is reopened. GitLab keeps no such events of before 13.2.
WITH events AS (
    SELECT issue.project_id, date(issue.created_at, 'weekday 0', '-6 days') AS week, 1 AS opened, 0 AS closed, 0 AS reopened
    FROM "project_issues" AS issue
    UNION ALL
    SELECT issue.project_id, date(issue.closed_at, 'weekday 0', '-6 days') AS week, 0 AS opened, 1 AS closed, 0 AS reopened
    FROM "project_issues" AS issue
    WHERE issue.state = 'closed' AND issue.closed_at IS NOT NULL
    UNION ALL
    SELECT event."project_id" AS project_id, date(event.created_at, 'weekday 0', '-6 days') AS week, 0 AS opened, 0 AS closed, 1 AS reopened
    FROM "issue_resource_state_events" AS event
    WHERE event.state = 'reopened'
)
SELECT
    project_id,
    week,
    CAST(SUM(opened) AS INTEGER) AS opened,
    CAST(SUM(closed) AS INTEGER) AS closed,
    CAST(SUM(reopened) AS INTEGER) AS reopened
FROM events
GROUP BY project_id, week
