-- Never falls; the one in force comes back.
INSERT INTO chain (singleton, retention_horizon)
VALUES (1, $1)
ON CONFLICT (singleton) DO UPDATE
SET retention_horizon = CASE
    WHEN chain.retention_horizon >= excluded.retention_horizon THEN chain.retention_horizon
    ELSE excluded.retention_horizon
END
RETURNING retention_horizon
