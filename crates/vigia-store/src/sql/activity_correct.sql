UPDATE activity
SET kind = $2, direction = $3, status = $4, address = $5, coin_type = $6, amount = $7,
    counterparty = $8, contract = $9, business_id = $10, details = $11, suppressed = $12
WHERE id = $1
