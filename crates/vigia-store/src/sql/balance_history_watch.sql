-- Since when what moves an address ($1) is known, and since when its holder has it, where it is of an account of the user
-- ($2), or for everybody.
SELECT w.live_from, h.from_inclusive AS held_from, f.complete_from, b.checkpoint
FROM watch w
JOIN holding h ON h.address = w.target AND h.account_id = w.account_id AND h.to_exclusive IS NULL
LEFT JOIN backfill f ON f.watch_id = w.id
LEFT JOIN balance_address b ON b.address = w.target
WHERE w.kind = 'address' AND w.target = $1 AND w.live_to IS NULL
    AND ($2 IS NULL OR w.account_id IN (SELECT account_id FROM account_reader WHERE user_id = $2))
