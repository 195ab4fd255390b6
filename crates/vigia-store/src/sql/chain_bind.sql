-- The first chain stays; the one in force comes back.
INSERT INTO chain (singleton, chain_id)
VALUES (1, $1)
ON CONFLICT (singleton) DO UPDATE SET chain_id = coalesce(chain.chain_id, excluded.chain_id)
RETURNING chain_id
