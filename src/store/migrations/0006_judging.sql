-- What judging logins and channels needs to outlive a process: a publisher that
-- cron starts for one pass counts as well as one that runs for weeks.

-- Tries in a row that met only trouble of theirs; the pause grows with them.
ALTER TABLE login ADD COLUMN transient_tries INTEGER NOT NULL DEFAULT 0 CHECK (transient_tries >= 0);

-- Named refusals of a post in a row while a renewal of the login works.
ALTER TABLE channel ADD COLUMN refused_writes INTEGER NOT NULL DEFAULT 0 CHECK (refused_writes >= 0);

-- Logins whose last call met trouble of the network: what weather is made of.
-- A call that works on the same server takes its rows away.
CREATE TABLE trouble (
  login_id TEXT NOT NULL REFERENCES login(id),
  what     TEXT NOT NULL CHECK (what IN ('login', 'post')),
  network  TEXT NOT NULL,
  server   TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (login_id, what)
) STRICT, WITHOUT ROWID;
CREATE INDEX trouble_place ON trouble (network, server);
