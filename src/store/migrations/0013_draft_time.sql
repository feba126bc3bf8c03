-- What a draft says of its time. Its deliveries have one each; without a channel
-- there is none, and what cannot be read yet fits into none.
ALTER TABLE post ADD COLUMN draft_when TEXT;
ALTER TABLE post ADD COLUMN draft_only_on_time INTEGER NOT NULL DEFAULT 0 CHECK (draft_only_on_time IN (0, 1));
