-- What somebody took on until a time, with a note. It is as red as before: no
-- lamp and no count looks here. An entry that is ended stays a while, so that
-- the end can be taken back; the undo names it by its number and keeps no note.
CREATE TABLE set_aside (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  object      TEXT NOT NULL,
  until       INTEGER NOT NULL,
  note        TEXT NOT NULL,
  by_operator TEXT NOT NULL REFERENCES operator(id),
  at          INTEGER NOT NULL,
  ended_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX set_aside_one ON set_aside (object) WHERE ended_at IS NULL;

-- A channel shows it in its row, a post in its own.
CREATE TRIGGER set_aside_new AFTER INSERT ON set_aside BEGIN
  UPDATE channel SET change = (SELECT max(change) + 1 FROM channel) WHERE id = NEW.object OR login_id = NEW.object;
  INSERT INTO event (at, kind, object)
    SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER), 'delivery', NEW.object WHERE substr(NEW.object, 1, 4) = 'dlv_';
END;
CREATE TRIGGER set_aside_changed AFTER UPDATE OF ended_at ON set_aside BEGIN
  UPDATE channel SET change = (SELECT max(change) + 1 FROM channel) WHERE id = NEW.object OR login_id = NEW.object;
  INSERT INTO event (at, kind, object)
    SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER), 'delivery', NEW.object WHERE substr(NEW.object, 1, 4) = 'dlv_';
END;

-- What needs a hand, and what happened since a time, among a million others.
CREATE INDEX delivery_hand ON delivery (due) WHERE state IN ('missed', 'failed', 'needs_decision');
CREATE INDEX history_at ON history (at);
