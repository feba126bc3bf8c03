-- What a server says its posts may be, for every channel on it.
CREATE TABLE server_limits (
  network  TEXT NOT NULL,
  server   TEXT NOT NULL,
  limits   TEXT NOT NULL CHECK (json_valid(limits)),
  read_at  INTEGER NOT NULL,
  PRIMARY KEY (network, server)
) STRICT;
