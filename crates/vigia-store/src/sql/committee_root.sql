-- Roots are what no summary announces.
SELECT epoch, committee_bcs, summary_bcs, source
FROM committee
WHERE summary_bcs IS NULL AND epoch <= $1
ORDER BY epoch DESC
LIMIT 1
