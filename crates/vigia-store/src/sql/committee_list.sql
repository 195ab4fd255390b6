SELECT epoch, committee_bcs, summary_bcs, source
FROM committee
WHERE epoch >= $1
ORDER BY epoch
LIMIT $2
