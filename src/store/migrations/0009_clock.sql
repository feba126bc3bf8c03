-- Time since boot at the last sign of life: with the wall time beside it, the
-- next term of the same boot sees whether the clock was set in between.
ALTER TABLE term ADD COLUMN heartbeat_boot_ms INTEGER;
