DELETE FROM source_refusal WHERE source = $1
