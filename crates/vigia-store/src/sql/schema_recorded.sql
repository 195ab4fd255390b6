SELECT version, compatible_from FROM schema_info
