-- Which issue has which label, one row for each.
--
-- Joins issues to labels, so that no other query has to take lists apart.
--
-- Limits: labels are those that the issue has now, by their names.
SELECT
    issue.project_id,
    issue.id AS issue_id,
    issue.iid AS issue_iid,
    label.value AS label
FROM "project_issues" AS issue, json_each(issue.labels) AS label
