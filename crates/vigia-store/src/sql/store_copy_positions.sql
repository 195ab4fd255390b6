SELECT name, last_key, copied, done FROM store_copy_table
