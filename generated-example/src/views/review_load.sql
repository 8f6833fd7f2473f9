-- Who reviews how many merge requests of others, week by week.
--
-- What they wrote on merge requests of others counts, and approvals, as GitLab notes them among the comments.
--
-- Limits: a review without a word does not show. With `system_notes = false`, neither do approvals.
WITH reviews AS (
    SELECT
        note.author__username AS reviewer,
        date(note.created_at, 'weekday 0', '-6 days') AS week,
        merge_request.id AS merge_request_id,
        CASE WHEN note."system" THEN 1 ELSE 0 END AS is_approval
    FROM "merge_request_notes" AS note
    JOIN "project_merge_requests" AS merge_request
        ON merge_request.project_id = note."project_id"
        AND merge_request.iid = note."merge_request_iid"
    WHERE note.author__id <> merge_request.author__id
        AND (NOT note."system" OR note.body = 'approved this merge request')
)
SELECT
    reviewer,
    week,
    COUNT(DISTINCT merge_request_id) AS merge_requests,
    COUNT(CASE WHEN is_approval = 0 THEN 1 END) AS comments,
    COUNT(CASE WHEN is_approval = 1 THEN 1 END) AS approvals
FROM reviews
GROUP BY reviewer, week
