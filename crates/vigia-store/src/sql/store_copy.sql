SELECT source, state FROM store_copy
