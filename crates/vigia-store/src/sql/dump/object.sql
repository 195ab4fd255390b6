SELECT contract, object, object_id, state, data FROM business_object
