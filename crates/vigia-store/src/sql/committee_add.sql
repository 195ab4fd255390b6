-- What was added first stays, save that a root which is announced as well is believed no more, but
-- proven. Whether the committee is the same is compared by whoever adds.
INSERT INTO committee (epoch, committee_bcs, summary_bcs, source, recorded_at_ms)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (epoch) DO UPDATE
SET summary_bcs = excluded.summary_bcs, source = excluded.source
WHERE committee.summary_bcs IS NULL AND excluded.summary_bcs IS NOT NULL
