UPDATE business_event
SET fields = $7
WHERE contract = $1 AND object = $2 AND object_id = $3 AND checkpoint = $4 AND tx_index = $5
    AND event_index = $6 AND fields <> $7
