-- Where the picture of a coin is, in a form that vigia_core::icon_url lets through.
ALTER TABLE coin ADD COLUMN icon_url TEXT COLLATE "C";
