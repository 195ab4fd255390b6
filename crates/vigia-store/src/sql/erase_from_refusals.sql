-- The next reconciliation writes down again what is refused then.
DELETE FROM source_refusal WHERE replace(subject, $1, '') <> subject OR replace(reason, $1, '') <> reason
