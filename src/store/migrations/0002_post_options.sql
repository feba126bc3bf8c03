-- What was chosen for a post besides text and media, as JSON.
ALTER TABLE post ADD COLUMN options TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(options));
