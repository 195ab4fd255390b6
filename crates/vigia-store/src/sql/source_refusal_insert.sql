INSERT INTO source_refusal (source, position, subject, reason)
VALUES ($1, $2, $3, $4)
