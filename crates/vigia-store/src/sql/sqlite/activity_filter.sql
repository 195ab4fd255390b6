    -- $6 kinds and $7 coin types, JSON arrays; $8 a direction; $9 and $10 times; $11 the other party; $12 a text in lower case; $13 an own address.
    AND ($6 IS NULL OR x.kind IN (SELECT value FROM json_each($6)))
    AND ($7 IS NULL OR x.coin_type IN (SELECT value FROM json_each($7)))
    AND ($8 IS NULL OR x.direction = $8)
    AND ($9 IS NULL OR x.timestamp_ms >= $9)
    AND ($10 IS NULL OR x.timestamp_ms < $10)
    AND ($11 IS NULL OR x.counterparty = $11)
    AND ($13 IS NULL OR x.address = $13)
    AND ($12 IS NULL
        OR instr(lower(x.business_id), $12) > 0
        OR EXISTS (
            SELECT 1 FROM announcement n
            WHERE n.digest = x.digest AND n.account_id = x.account_id AND instr(lower(n.note), $12) > 0
        )
        OR EXISTS (SELECT 1 FROM label l WHERE l.address = x.counterparty AND instr(lower(l.name), $12) > 0)
        OR EXISTS (
            SELECT 1 FROM holding h JOIN account other ON other.id = h.account_id
            WHERE h.address = x.counterparty AND h.from_inclusive <= x.checkpoint
                AND (h.to_exclusive IS NULL OR x.checkpoint < h.to_exclusive) AND instr(lower(other.display_name), $12) > 0
        ))
