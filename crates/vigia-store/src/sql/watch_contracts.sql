-- Each once, however many accounts observe it.
SELECT DISTINCT kind, target FROM watch WHERE kind <> 'address' AND live_to IS NULL
