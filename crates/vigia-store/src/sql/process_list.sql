SELECT holder, role, version, build, settings, started_at_ms, seen_at_ms, problem
FROM process
WHERE seen_at_ms >= $1
ORDER BY role, holder
