DELETE FROM process WHERE holder = $1
