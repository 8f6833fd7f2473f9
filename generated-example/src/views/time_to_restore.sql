-- How long incidents were open.
--
-- One of the four measures of DORA, as GitLab counts it: how long an issue of the type incident was open.
--
-- Limits: an incident that was reopened lasts until it was closed for the last time; one that is open has no end. That an
-- issue is closed says when somebody closed it, which may be later than the end of the trouble.
SELECT
    issue.project_id,
    issue.iid AS issue_iid,
    issue.title,
    issue.created_at AS opened_at,
    issue.closed_at AS restored_at,
    ROUND((julianday(issue.closed_at) - julianday(issue.created_at)) * 86400.0, 3) / 3600.0 AS hours_to_restore,
    date(issue.closed_at, 'start of month') AS restored_month
FROM "project_issues" AS issue
WHERE issue.issue_type = 'incident'
