-- What a node does not say any more stays known.
INSERT INTO epoch (
    epoch, start_ms, end_ms, first_checkpoint, last_checkpoint, reference_gas_price,
    protocol_version, committee_members, recorded_at_ms
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (epoch) DO UPDATE
SET start_ms = coalesce(excluded.start_ms, epoch.start_ms),
    end_ms = coalesce(excluded.end_ms, epoch.end_ms),
    first_checkpoint = coalesce(excluded.first_checkpoint, epoch.first_checkpoint),
    last_checkpoint = coalesce(excluded.last_checkpoint, epoch.last_checkpoint),
    reference_gas_price = coalesce(excluded.reference_gas_price, epoch.reference_gas_price),
    protocol_version = coalesce(excluded.protocol_version, epoch.protocol_version),
    committee_members = coalesce(excluded.committee_members, epoch.committee_members),
    recorded_at_ms = excluded.recorded_at_ms
