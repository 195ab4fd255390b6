        ORDER BY x.checkpoint DESC, x.tx_index DESC, x.id DESC
        LIMIT $5
    ) newest
    WHERE m.user_id = $1
)
ORDER BY a.checkpoint DESC, a.tx_index DESC, a.id DESC
LIMIT $5
