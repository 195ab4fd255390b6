SELECT platform, count(*) AS count FROM device WHERE state = 'active' GROUP BY platform ORDER BY platform
