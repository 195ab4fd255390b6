-- The first beginning stays; the one in force comes back.
INSERT INTO chain (singleton, first_checkpoint)
VALUES (1, $1)
ON CONFLICT (singleton) DO UPDATE
SET first_checkpoint = coalesce(chain.first_checkpoint, excluded.first_checkpoint)
RETURNING first_checkpoint
