-- How old open issues are, and how long nothing happened to them.
--
-- Days are whole ones, up to the moment at which the view is asked.
--
-- Limits: an issue that was reopened is as old as its first day.
SELECT
    issue.project_id,
    issue.iid AS issue_iid,
    issue.title,
    issue.created_at AS opened_at,
    issue.updated_at,
    CAST(julianday('now') - julianday(issue.created_at) AS INTEGER) AS age_days,
    CAST(julianday('now') - julianday(issue.updated_at) AS INTEGER) AS days_since_update,
    date(issue.created_at, 'start of month') AS opened_month
FROM "project_issues" AS issue
WHERE issue.state = 'opened'
