SELECT endpoint_id, state, count(*) AS count FROM delivery GROUP BY endpoint_id, state ORDER BY endpoint_id, state
