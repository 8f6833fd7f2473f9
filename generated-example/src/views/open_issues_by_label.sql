-- How many open issues have each label.
--
-- An issue with several labels counts for each of them.
--
-- Limits: issues without a label are not in it.
SELECT
    issue.project_id,
    label.label,
    COUNT(*) AS open_issues,
    MIN(issue.created_at) AS oldest_opened_at
FROM "project_issues" AS issue
JOIN "project_issue_labels" AS label
    ON label.issue_id = issue.id
WHERE issue.state = 'opened'
GROUP BY issue.project_id, label.label
