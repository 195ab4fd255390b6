SELECT
    epoch, start_ms, end_ms, first_checkpoint, last_checkpoint, reference_gas_price,
    protocol_version, committee_members
FROM epoch
ORDER BY epoch DESC
LIMIT $1
