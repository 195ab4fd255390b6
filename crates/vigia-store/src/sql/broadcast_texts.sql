SELECT id, texts FROM broadcast WHERE id = $1
