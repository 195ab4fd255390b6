SELECT subject, reason FROM source_refusal WHERE source = $1 ORDER BY position
