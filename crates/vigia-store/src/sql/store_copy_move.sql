-- Only from where this copy has left it: of two copies at once, one finds it moved.
INSERT INTO store_copy_table (name, last_key, copied, done)
VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET
    last_key = excluded.last_key, copied = excluded.copied, done = excluded.done
WHERE store_copy_table.copied = $5 AND store_copy_table.done = 0
