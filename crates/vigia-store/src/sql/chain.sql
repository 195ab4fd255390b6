SELECT chain_id FROM chain WHERE chain_id IS NOT NULL
