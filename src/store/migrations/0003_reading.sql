-- The posts of a channel as its network has them; deleted on disconnect.
CREATE TABLE recent_post (
  channel_id TEXT NOT NULL REFERENCES channel(id),
  remote_id  TEXT NOT NULL,
  text       TEXT NOT NULL,
  permalink  TEXT,
  created_at INTEGER NOT NULL,
  fetched_at INTEGER NOT NULL,
  PRIMARY KEY (channel_id, remote_id)
) STRICT, WITHOUT ROWID;

ALTER TABLE comment ADD COLUMN kind TEXT NOT NULL DEFAULT 'reply' CHECK (kind IN ('reply', 'mention', 'quote'));
ALTER TABLE comment ADD COLUMN post_id TEXT;
ALTER TABLE comment ADD COLUMN permalink TEXT;

-- When each sort of thing is read next (NULL: never), and how it went last. A
-- success clears what failed.
CREATE TABLE reading (
  channel_id   TEXT NOT NULL REFERENCES channel(id),
  what         TEXT NOT NULL CHECK (what IN ('posts', 'metrics', 'comments')),
  next_at      INTEGER,
  fetched_at   INTEGER,
  failed_at    INTEGER,
  refused      INTEGER NOT NULL DEFAULT 0 CHECK (refused IN (0, 1)),
  class        TEXT,
  http_status  INTEGER,
  network_code TEXT,
  message      TEXT,
  seen_by      TEXT,
  PRIMARY KEY (channel_id, what)
) STRICT, WITHOUT ROWID;
CREATE INDEX reading_next ON reading (next_at) WHERE next_at IS NOT NULL;

INSERT INTO reading (channel_id, what, next_at)
  SELECT c.id, w.value, 0 FROM channel c, json_each('["posts", "metrics", "comments"]') w WHERE c.status <> 'DISCONNECTED';
CREATE TRIGGER channel_read AFTER INSERT ON channel BEGIN
  INSERT INTO reading (channel_id, what, next_at)
    SELECT NEW.id, w.value, NEW.connected_at FROM json_each('["posts", "metrics", "comments"]') w;
END;
-- A refusal changes the lamp; what was read is on no list.
CREATE TRIGGER reading_refused AFTER UPDATE OF refused ON reading WHEN OLD.refused <> NEW.refused BEGIN
  UPDATE channel SET change = (SELECT max(change) + 1 FROM channel) WHERE id = NEW.channel_id;
END;

-- Commands know one kind more. A CHECK cannot be changed in place.
CREATE TABLE command_new (
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind IN ('probe', 'refresh', 'look_up', 'read', 'wake', 'stop', 'backup')),
  object     TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done')),
  asked_by   TEXT NOT NULL REFERENCES operator(id),
  asked_at   INTEGER NOT NULL,
  done_at    INTEGER,
  ok         INTEGER CHECK (ok IN (0, 1)),
  result     TEXT
) STRICT;
INSERT INTO command_new SELECT id, kind, object, state, asked_by, asked_at, done_at, ok, result FROM command;
DROP TABLE command;
ALTER TABLE command_new RENAME TO command;
CREATE INDEX command_queued ON command (asked_at) WHERE state = 'queued';
CREATE TRIGGER command_new AFTER INSERT ON command BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'command', NEW.id);
END;
CREATE TRIGGER command_changed AFTER UPDATE ON command BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'command', NEW.id);
END;
