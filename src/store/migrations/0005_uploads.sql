-- Uploads under way: how far the medium is that goes to the network now. A row
-- is written about once a second and is gone when its delivery is decided.
CREATE TABLE upload (
  delivery_id TEXT PRIMARY KEY REFERENCES delivery(id),
  medium      INTEGER NOT NULL,
  sent        INTEGER NOT NULL,
  bytes       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER upload_new AFTER INSERT ON upload BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'delivery', NEW.delivery_id);
END;
CREATE TRIGGER upload_changed AFTER UPDATE ON upload BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'delivery', NEW.delivery_id);
END;
CREATE TRIGGER upload_gone AFTER DELETE ON upload BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'delivery', OLD.delivery_id);
END;
