-- How often endpoints have changed is of processes, not of the chain.
SELECT name, value FROM counter WHERE name <> 'endpoint_changes'
