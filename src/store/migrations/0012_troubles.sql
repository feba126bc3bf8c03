-- A note is about what was wrong then: it ends with that, and what comes after
-- it is nobody's yet. What broke says since when, and a post how often it was
-- tried; of a channel that was only to be looked after before this, nothing says
-- whether that still is the same, so that such a note has ended.
ALTER TABLE set_aside ADD COLUMN about TEXT NOT NULL DEFAULT '[]';
UPDATE set_aside SET about =
    (SELECT json_array('broken ' || c.status_since) FROM channel c WHERE c.id = set_aside.object)
  WHERE EXISTS (SELECT 1 FROM channel c
    WHERE c.id = set_aside.object AND c.publishable = 0 AND c.status_since <= set_aside.at);
UPDATE set_aside SET about =
    (SELECT json_array(d.state || ' ' || d.attempt_no || ' ' || d.due) FROM delivery d WHERE d.id = set_aside.object)
  WHERE EXISTS (SELECT 1 FROM delivery d WHERE d.id = set_aside.object);

-- How often each began; that it ended and began again, no date tells.
ALTER TABLE login ADD COLUMN refresh_troubles INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reading ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
