SELECT w.kind, w.target, a.external_id AS account, w.live_from, w.live_to, w.added_version,
    w.removed_version, w.source
FROM watch w
LEFT JOIN account a ON a.id = w.account_id
