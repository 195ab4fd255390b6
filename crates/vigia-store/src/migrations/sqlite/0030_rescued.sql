-- Whether who has taken it took it over from a process that was lost: what operators count as rescued.
ALTER TABLE delivery ADD COLUMN is_rescued INTEGER NOT NULL DEFAULT 0;
ALTER TABLE push ADD COLUMN is_rescued INTEGER NOT NULL DEFAULT 0;
