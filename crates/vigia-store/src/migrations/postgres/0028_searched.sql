-- What is looked up by the words that people know: the id written on an invoice, whoever asks to be paid, and the name of
-- a label.
CREATE INDEX invoice_object ON invoice (object_id, account_id);
CREATE INDEX label_name ON label (lower(name));
