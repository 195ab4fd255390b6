DELETE FROM business_event WHERE checkpoint = $1 AND tx_index = $2
