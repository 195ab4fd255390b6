-- Advisory locks of vigia have 1986619233, the bytes "viga", as their first key.
SELECT pg_advisory_xact_lock_shared(1986619233, 1)
