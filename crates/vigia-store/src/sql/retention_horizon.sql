SELECT retention_horizon FROM chain WHERE retention_horizon IS NOT NULL
