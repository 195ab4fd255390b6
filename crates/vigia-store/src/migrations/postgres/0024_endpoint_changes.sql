-- How often what is known of endpoints has changed, so that who keeps it knows when to read it again.
INSERT INTO counter (name, value) VALUES ('endpoint_changes', 0);
