-- When a refresh went out whose answer was never seen. Its new pair may be
-- lost, which is the honest reason when the old one is refused afterwards.
ALTER TABLE login ADD COLUMN refresh_sent_at INTEGER;
