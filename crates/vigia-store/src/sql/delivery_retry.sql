-- What is being tried stays with whoever tries it; a fence that rises keeps an old try from ending the new one.
UPDATE delivery
SET state = 'pending', due_at_ms = $2, finished_at_ms = NULL, attempts = 0, holder = NULL, claimed_until_ms = NULL,
    fence = fence + 1, lane = 0
WHERE id = $1
