-- What its receivers answered.
UPDATE delivery_attempt SET response_head = ''
WHERE delivery_id IN (SELECT d.id FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id WHERE e.account_id = $1)
