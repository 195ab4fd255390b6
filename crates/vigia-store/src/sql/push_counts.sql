SELECT platform, state, count(*) AS count FROM push GROUP BY platform, state ORDER BY platform, state
