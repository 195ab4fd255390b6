UPDATE endpoint SET taken_until_us = $2 WHERE id = $1
