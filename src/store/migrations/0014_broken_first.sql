-- The screen begins with what is broken: few channels among thousands, found
-- without looking at the others. Nothing else asks for these.
CREATE INDEX channel_unpublishable ON channel (workspace_id) WHERE publishable = 0 AND status <> 'DISCONNECTED';
CREATE INDEX login_unproved ON login (id) WHERE generation <= 0;
