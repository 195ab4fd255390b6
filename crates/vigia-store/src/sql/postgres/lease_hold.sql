-- Nobody can claim it before the transaction ends, which takes a lock of the row here.
SELECT fence FROM lease WHERE name = $1 AND fence = $2 AND holder IS NOT NULL FOR SHARE
