-- Branches without a commit for 90 days.
--
-- Neither the default branch of a project nor protected ones are in it. Put another number of days at its end.
--
-- Limits: a branch is as old as its last commit by the date of its committer, also where it was pushed later.
SELECT
    branch.project_id,
    branch.name AS branch,
    branch.commit__committed_date AS last_commit_at,
    CAST(julianday('now') - julianday(branch.commit__committed_date) AS INTEGER) AS days_since_commit,
    branch.merged,
    date(branch.commit__committed_date, 'start of month') AS last_commit_month
FROM "project_branches" AS branch
WHERE NOT branch."default"
    AND NOT branch.protected
    AND CAST(julianday('now') - julianday(branch.commit__committed_date) AS INTEGER) > 90
