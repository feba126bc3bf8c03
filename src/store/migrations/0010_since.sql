-- What happened after an instant is counted from the instant on, however much
-- there is before it: turns of channels, posts that went out, posts that failed.
CREATE INDEX history_turn ON history (at) WHERE kind IN ('broken', 'healed');
CREATE INDEX delivery_published ON delivery (published_at, workspace_id) WHERE state = 'published';
CREATE INDEX delivery_failed ON delivery (error_at, workspace_id) WHERE state = 'failed';
