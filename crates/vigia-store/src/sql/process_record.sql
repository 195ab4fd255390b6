INSERT INTO process (holder, role, version, build, settings, started_at_ms, seen_at_ms, problem)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (holder) DO UPDATE SET
    role = excluded.role, version = excluded.version, build = excluded.build, settings = excluded.settings,
    started_at_ms = excluded.started_at_ms, seen_at_ms = excluded.seen_at_ms, problem = excluded.problem
