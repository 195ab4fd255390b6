SELECT muted, time_zone, quiet_from, quiet_to, hides_amounts, read_up_to FROM user_preference WHERE user_id = $1
