-- How far a transaction is proven, in the form of vigia_core::Proof; null where nobody asked for proof.
ALTER TABLE raw_transaction ADD COLUMN proof TEXT;
