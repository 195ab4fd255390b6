-- Digest and time of the raw transaction at a place.
SELECT digest, timestamp_ms FROM raw_transaction WHERE checkpoint = $1 AND tx_index = $2
