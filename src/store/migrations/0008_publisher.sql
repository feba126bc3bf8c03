-- Time since boot at the last sign of life: with the wall time beside it, the
-- next term of the same boot sees whether the clock was set in between.
ALTER TABLE term ADD COLUMN heartbeat_boot_ms INTEGER;

-- Finds the next try that was put off without reading everything scheduled.
CREATE INDEX delivery_put_off ON delivery (next_attempt_at) WHERE state = 'scheduled' AND next_attempt_at IS NOT NULL;
