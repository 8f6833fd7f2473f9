-- How long each merge request took, from its first commit over the first review to the merge.
--
-- It starts with the first commit, or with the merge request where that came first. A review is a comment of somebody
-- else than the author, or an approval, as GitLab notes it among the comments.
--
-- Limits: a commit counts by the date of its author, so work that was rebased or picked up again starts long ago. With
-- `system_notes = false`, approvals without a word are not seen. Where commits or notes are not loaded, their columns are
-- null, and the start is that of the merge request.
WITH first_commits AS (
    SELECT
        made."project_id" AS project_id,
        made."merge_request_iid" AS merge_request_iid,
        MIN(made.authored_date) AS first_commit_at
    FROM "merge_request_commits" AS made
    GROUP BY made."project_id", made."merge_request_iid"
),
first_reviews AS (
    SELECT
        merge_request.project_id,
        merge_request.iid AS merge_request_iid,
        MIN(note.created_at) AS first_review_at
    FROM "project_merge_requests" AS merge_request
    JOIN "merge_request_notes" AS note
        ON note."project_id" = merge_request.project_id
        AND note."merge_request_iid" = merge_request.iid
    WHERE note.author__id <> merge_request.author__id
        AND (NOT note."system" OR note.body = 'approved this merge request')
    GROUP BY merge_request.project_id, merge_request.iid
),
steps AS (
    SELECT
        merge_request.project_id,
        merge_request.iid AS merge_request_iid,
        merge_request.title,
        merge_request.state,
        first_commits.first_commit_at,
        CASE WHEN first_commits.first_commit_at < merge_request.created_at THEN first_commits.first_commit_at ELSE merge_request.created_at END AS started_at,
        merge_request.created_at AS opened_at,
        first_reviews.first_review_at,
        merge_request.merged_at
    FROM "project_merge_requests" AS merge_request
    LEFT JOIN first_commits
        ON first_commits.project_id = merge_request.project_id
        AND first_commits.merge_request_iid = merge_request.iid
    LEFT JOIN first_reviews
        ON first_reviews.project_id = merge_request.project_id
        AND first_reviews.merge_request_iid = merge_request.iid
)
SELECT
    project_id,
    merge_request_iid,
    title,
    state,
    first_commit_at,
    opened_at,
    first_review_at,
    merged_at,
    ROUND((julianday(opened_at) - julianday(started_at)) * 86400.0, 3) / 3600.0 AS hours_to_open,
    ROUND((julianday(first_review_at) - julianday(opened_at)) * 86400.0, 3) / 3600.0 AS hours_to_first_review,
    ROUND((julianday(merged_at) - julianday(first_review_at)) * 86400.0, 3) / 3600.0 AS hours_from_review_to_merge,
    ROUND((julianday(merged_at) - julianday(started_at)) * 86400.0, 3) / 3600.0 AS cycle_hours,
    date(merged_at, 'weekday 0', '-6 days') AS merged_week
FROM steps
