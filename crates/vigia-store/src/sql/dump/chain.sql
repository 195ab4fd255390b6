SELECT chain_id, first_checkpoint FROM chain
