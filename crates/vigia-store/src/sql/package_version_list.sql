SELECT original, version, package, recorded_at_ms FROM package_version ORDER BY original, version
