INSERT INTO package_version (original, version, package, recorded_at_ms)
VALUES ($1, $2, $3, $4)
ON CONFLICT (original, version) DO NOTHING
