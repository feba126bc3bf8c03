-- The core of the store. Times are UTC milliseconds, durations milliseconds,
-- booleans 0 or 1. Every table is STRICT; every closed list has a CHECK.

CREATE TABLE setting (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE plan (
  name         TEXT PRIMARY KEY,
  max_channels INTEGER,
  networks     TEXT NOT NULL
) STRICT;

CREATE TABLE workspace (
  id            TEXT PRIMARY KEY,
  slug          TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL,
  timezone      TEXT NOT NULL,
  plan          TEXT NOT NULL REFERENCES plan(name),
  late_limit_ms INTEGER NOT NULL CHECK (late_limit_ms >= 0),
  created_at    INTEGER NOT NULL,
  archived_at   INTEGER
) STRICT;

CREATE TABLE operator (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  hub_admin  INTEGER NOT NULL CHECK (hub_admin IN (0, 1)),
  created_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;

CREATE TABLE member (
  workspace_id TEXT NOT NULL REFERENCES workspace(id),
  operator_id  TEXT NOT NULL REFERENCES operator(id),
  role         TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'admin', 'owner')),
  PRIMARY KEY (workspace_id, operator_id)
) STRICT, WITHOUT ROWID;

-- One consent at a network. Belongs to the hub, serves one or many channels.
CREATE TABLE login (
  id                        TEXT PRIMARY KEY,
  network                   TEXT NOT NULL,
  server                    TEXT NOT NULL,
  identity_server           TEXT NOT NULL,
  client_id                 TEXT NOT NULL,
  remote_user_id            TEXT NOT NULL,
  method                    TEXT NOT NULL,
  generation                INTEGER NOT NULL DEFAULT 0 CHECK (generation >= 0),
  last_generation           INTEGER NOT NULL DEFAULT 0,
  token_expires_at          INTEGER,
  token_expiry              TEXT NOT NULL DEFAULT 'unknown' CHECK (token_expiry IN ('date', 'never', 'unknown', 'estimated')),
  token_issued_at           INTEGER,
  grant_expires_at          INTEGER,
  grant_expiry              TEXT NOT NULL DEFAULT 'unknown' CHECK (grant_expiry IN ('date', 'never', 'unknown', 'estimated')),
  last_refreshed_at         INTEGER,
  last_refresh_attempt_at   INTEGER,
  last_refresh_error        TEXT,
  last_refresh_http_status  INTEGER,
  refresh_failures          INTEGER NOT NULL DEFAULT 0 CHECK (refresh_failures BETWEEN 0 AND 3),
  last_counted_at           INTEGER,
  refresh_started_at        INTEGER,
  refresh_started_generation INTEGER,
  next_refresh_at           INTEGER,
  created_at                INTEGER NOT NULL,
  UNIQUE (network, identity_server, client_id, remote_user_id)
) STRICT;

-- Sealed values. `field` and `generation` are part of what the seal binds.
CREATE TABLE secret (
  owner_kind TEXT NOT NULL CHECK (owner_kind IN ('login', 'channel', 'app')),
  owner_id   TEXT NOT NULL,
  field      TEXT NOT NULL,
  generation INTEGER NOT NULL,
  sealed     BLOB NOT NULL,
  PRIMARY KEY (owner_kind, owner_id, field, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel (
  id               TEXT PRIMARY KEY,
  workspace_id     TEXT NOT NULL REFERENCES workspace(id),
  kind             TEXT NOT NULL,
  identity_server  TEXT NOT NULL,
  remote_id        TEXT NOT NULL,
  handle           TEXT NOT NULL,
  display_name     TEXT NOT NULL,
  avatar_url       TEXT,
  login_id         TEXT REFERENCES login(id),
  login_method     TEXT NOT NULL,
  server           TEXT NOT NULL,
  status           TEXT NOT NULL CHECK (status IN ('ACTIVE', 'TOKEN_EXPIRED', 'REVOKED', 'DISCONNECTED')),
  cause            TEXT NOT NULL CHECK (cause IN ('none', 'expired', 'inactive', 'app_removed', 'password_changed',
                     'security_review', 'policy_change', 'access_withdrawn', 'restricted', 'role_lost',
                     'scope_missing', 'legacy_link', 'account_gone')),
  publishable      INTEGER NOT NULL CHECK (publishable IN (0, 1)),
  epoch            INTEGER NOT NULL DEFAULT 1,
  change           INTEGER NOT NULL DEFAULT 0,
  http_status      INTEGER,
  network_code     TEXT,
  status_detail    TEXT,
  seen_by          TEXT,
  status_since     INTEGER NOT NULL,
  scopes           TEXT NOT NULL DEFAULT '[]',
  missing_scopes   TEXT NOT NULL DEFAULT '[]',
  connected_at     INTEGER NOT NULL,
  connected_by     TEXT NOT NULL REFERENCES operator(id),
  reconnected_at   INTEGER,
  reconnected_by   TEXT REFERENCES operator(id),
  last_proof_at    INTEGER,
  next_probe_at    INTEGER,
  last_published_at INTEGER,
  late_wait_until  INTEGER,
  paused_at        INTEGER,
  paused_by        TEXT REFERENCES operator(id),
  default_board_id TEXT,
  disconnected_at  INTEGER,
  disconnected_by  TEXT REFERENCES operator(id),
  previous_id      TEXT REFERENCES channel(id),
  CHECK ((status = 'DISCONNECTED') = (disconnected_at IS NOT NULL)),
  CHECK (publishable = 0 OR status = 'ACTIVE')
) STRICT;
CREATE UNIQUE INDEX channel_live ON channel (workspace_id, kind, identity_server, remote_id) WHERE status <> 'DISCONNECTED';
CREATE INDEX channel_change ON channel (change);
CREATE INDEX channel_login ON channel (login_id);
CREATE INDEX channel_probe ON channel (next_probe_at) WHERE status <> 'DISCONNECTED';

CREATE TABLE channel_count (
  channel_id TEXT NOT NULL REFERENCES channel(id),
  state      TEXT NOT NULL,
  n          INTEGER NOT NULL CHECK (n >= 0),
  PRIMARY KEY (channel_id, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE post (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspace(id),
  text         TEXT NOT NULL,
  created_by   TEXT NOT NULL REFERENCES operator(id),
  created_at   INTEGER NOT NULL,
  edited_at    INTEGER,
  edited_by    TEXT REFERENCES operator(id)
) STRICT;

CREATE TABLE media (
  id        TEXT PRIMARY KEY,
  post_id   TEXT NOT NULL REFERENCES post(id) ON DELETE CASCADE,
  position  INTEGER NOT NULL,
  file      TEXT NOT NULL,
  name      TEXT NOT NULL,
  mime      TEXT NOT NULL,
  bytes     INTEGER NOT NULL,
  width     INTEGER,
  height    INTEGER,
  sha256    TEXT NOT NULL,
  alt       TEXT NOT NULL,
  UNIQUE (post_id, position)
) STRICT;

CREATE TABLE delivery (
  id              TEXT PRIMARY KEY,
  post_id         TEXT NOT NULL REFERENCES post(id),
  workspace_id    TEXT NOT NULL REFERENCES workspace(id),
  channel_id      TEXT NOT NULL REFERENCES channel(id),
  handle          TEXT NOT NULL,
  root_id         TEXT,
  part_no         INTEGER NOT NULL DEFAULT 1,
  after_id        TEXT REFERENCES delivery(id),
  state           TEXT NOT NULL CHECK (state IN ('draft', 'scheduled', 'sending', 'unknown', 'confirming', 'published',
                    'failed', 'missed', 'needs_decision', 'cancelled')),
  due             INTEGER NOT NULL,
  civil           TEXT NOT NULL,
  timezone        TEXT NOT NULL,
  only_on_time    INTEGER NOT NULL DEFAULT 0 CHECK (only_on_time IN (0, 1)),
  text            TEXT,
  attempt_no      INTEGER NOT NULL DEFAULT 0,
  key_number      INTEGER NOT NULL DEFAULT 0,
  idem_key        TEXT,
  rendered        TEXT,
  ever_armed      INTEGER NOT NULL DEFAULT 0 CHECK (ever_armed IN (0, 1)),
  next_attempt_at INTEGER,
  next_look_at    INTEGER,
  absent_reads    INTEGER NOT NULL DEFAULT 0,
  first_absent_at INTEGER,
  unknown_since   INTEGER,
  remote_id       TEXT,
  permalink       TEXT,
  published_at    INTEGER,
  error_class     TEXT,
  error_status    INTEGER,
  error_code      TEXT,
  error_message   TEXT,
  error_at        INTEGER,
  access_failure  INTEGER NOT NULL DEFAULT 0 CHECK (access_failure IN (0, 1)),
  asked           TEXT CHECK (asked IN ('unknowable', 'unreadable', 'unresolved', 'different', 'too_late')),
  decision        TEXT CHECK (decision IN ('live', 'not_live', 'left')),
  decided_at      INTEGER,
  decided_by      TEXT REFERENCES operator(id),
  send_now        INTEGER NOT NULL DEFAULT 0 CHECK (send_now IN (0, 1)),
  cancelled_from  TEXT,
  cancelled_at    INTEGER,
  cancelled_by    TEXT REFERENCES operator(id),
  created_by      TEXT NOT NULL REFERENCES operator(id),
  created_at      INTEGER NOT NULL,
  CHECK (state <> 'published' OR published_at IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX delivery_remote ON delivery (channel_id, remote_id) WHERE remote_id IS NOT NULL;
CREATE INDEX delivery_due ON delivery (channel_id, due) WHERE state = 'scheduled';
CREATE INDEX delivery_scheduled ON delivery (due) WHERE state = 'scheduled';
CREATE INDEX delivery_open ON delivery (state) WHERE state IN ('sending', 'unknown', 'confirming');
CREATE INDEX delivery_timeline ON delivery (due, id);
CREATE INDEX delivery_post ON delivery (post_id);
CREATE INDEX delivery_after ON delivery (after_id) WHERE after_id IS NOT NULL;

-- One try to send. What was frozen at arm is what lookup and history read.
CREATE TABLE attempt (
  id            TEXT PRIMARY KEY,
  delivery_id   TEXT NOT NULL REFERENCES delivery(id),
  attempt_no    INTEGER NOT NULL,
  term          INTEGER NOT NULL,
  channel_epoch INTEGER NOT NULL,
  generation    INTEGER NOT NULL,
  idem_key      TEXT NOT NULL,
  request_hash  TEXT,
  phase         TEXT NOT NULL CHECK (phase IN ('prepared', 'open', 'closed')),
  prepared_at   INTEGER NOT NULL,
  armed_at      INTEGER,
  UNIQUE (delivery_id, attempt_no)
) STRICT;
CREATE UNIQUE INDEX attempt_open ON attempt (delivery_id) WHERE phase = 'open';

-- What was seen of an attempt; append-only, the latest row counts.
CREATE TABLE verdict (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  attempt_id   TEXT NOT NULL REFERENCES attempt(id),
  delivery_id  TEXT NOT NULL REFERENCES delivery(id),
  at           INTEGER NOT NULL,
  kind         TEXT NOT NULL CHECK (kind IN ('published', 'accepted', 'refused', 'not_processed', 'unclear', 'absent',
                 'unreadable', 'different', 'interrupted', 'decided')),
  class        TEXT,
  http_status  INTEGER,
  network_code TEXT,
  message      TEXT,
  seen_by      TEXT,
  remote_id    TEXT,
  by_operator  TEXT REFERENCES operator(id)
) STRICT;
CREATE INDEX verdict_delivery ON verdict (delivery_id, id);

CREATE TABLE step (
  attempt_id    TEXT NOT NULL REFERENCES attempt(id),
  name          TEXT NOT NULL,
  remote_handle TEXT NOT NULL,
  at            INTEGER NOT NULL,
  PRIMARY KEY (attempt_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE term (
  n            INTEGER PRIMARY KEY,
  pid          INTEGER NOT NULL,
  pid_start    INTEGER NOT NULL,
  boot_id      TEXT NOT NULL,
  instance_id  TEXT NOT NULL,
  host         TEXT NOT NULL,
  kind         TEXT NOT NULL CHECK (kind IN ('daemon', 'screen', 'command')),
  started_at   INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL,
  ended_at     INTEGER
) STRICT;

CREATE TABLE waiting (
  pid       INTEGER NOT NULL,
  pid_start INTEGER NOT NULL,
  kind      TEXT NOT NULL CHECK (kind IN ('daemon', 'screen', 'command')),
  since     INTEGER NOT NULL,
  PRIMARY KEY (pid, pid_start)
) STRICT, WITHOUT ROWID;

CREATE TABLE command (
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind IN ('probe', 'refresh', 'look_up', 'wake', 'stop', 'backup')),
  object     TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done')),
  asked_by   TEXT NOT NULL REFERENCES operator(id),
  asked_at   INTEGER NOT NULL,
  done_at    INTEGER,
  ok         INTEGER CHECK (ok IN (0, 1)),
  result     TEXT
) STRICT;
CREATE INDEX command_queued ON command (asked_at) WHERE state = 'queued';

CREATE TABLE event (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  at     INTEGER NOT NULL,
  kind   TEXT NOT NULL,
  object TEXT NOT NULL
) STRICT;

CREATE TABLE history (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  channel_id   TEXT NOT NULL REFERENCES channel(id),
  at           INTEGER NOT NULL,
  kind         TEXT NOT NULL,
  status       TEXT NOT NULL,
  cause        TEXT NOT NULL,
  publishable  INTEGER NOT NULL,
  http_status  INTEGER,
  network_code TEXT,
  message      TEXT,
  seen_by      TEXT,
  by_operator  TEXT REFERENCES operator(id),
  text         TEXT NOT NULL
) STRICT;
CREATE INDEX history_channel ON history (channel_id, id);

CREATE TABLE incident (
  id           TEXT PRIMARY KEY,
  kind         TEXT NOT NULL,
  subject      TEXT NOT NULL,
  cause        TEXT NOT NULL,
  network      TEXT,
  workspace_id TEXT REFERENCES workspace(id),
  severity     TEXT NOT NULL CHECK (severity IN ('info', 'attention', 'broken')),
  text         TEXT NOT NULL,
  command      TEXT,
  opened_at    INTEGER NOT NULL,
  resolved_at  INTEGER,
  failures     INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX incident_one ON incident (kind, subject) WHERE resolved_at IS NULL;

CREATE TABLE incident_channel (
  incident_id TEXT NOT NULL REFERENCES incident(id),
  channel_id  TEXT NOT NULL REFERENCES channel(id),
  PRIMARY KEY (incident_id, channel_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT REFERENCES workspace(id),
  channel_id   TEXT REFERENCES channel(id),
  delivery_id  TEXT REFERENCES delivery(id),
  incident_id  TEXT REFERENCES incident(id),
  severity     TEXT NOT NULL CHECK (severity IN ('info', 'attention', 'broken')),
  kind         TEXT NOT NULL,
  text         TEXT NOT NULL,
  command      TEXT,
  created_at   INTEGER NOT NULL,
  read_at      INTEGER
) STRICT;
CREATE INDEX notice_time ON notice (created_at);
CREATE INDEX notice_delivery ON notice (delivery_id) WHERE delivery_id IS NOT NULL;

-- Every privileged act, chained: each row carries a hash over the one before.
CREATE TABLE audit (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  at           INTEGER NOT NULL,
  operator_id  TEXT NOT NULL REFERENCES operator(id),
  workspace_id TEXT REFERENCES workspace(id),
  act          TEXT NOT NULL,
  object       TEXT NOT NULL,
  detail       TEXT NOT NULL,
  hash         TEXT NOT NULL
) STRICT;

CREATE TABLE undo (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  operator_id TEXT NOT NULL REFERENCES operator(id),
  act         TEXT NOT NULL,
  inverse     TEXT NOT NULL,
  at          INTEGER NOT NULL,
  used_at     INTEGER
) STRICT;

-- What was fetched from the network about a channel; deleted on disconnect.
CREATE TABLE metric (
  channel_id TEXT NOT NULL REFERENCES channel(id),
  remote_id  TEXT NOT NULL,
  name       TEXT NOT NULL,
  value      INTEGER NOT NULL,
  fetched_at INTEGER NOT NULL,
  PRIMARY KEY (channel_id, remote_id, name, fetched_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE comment (
  channel_id TEXT NOT NULL REFERENCES channel(id),
  remote_id  TEXT NOT NULL,
  author     TEXT NOT NULL,
  text       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  fetched_at INTEGER NOT NULL,
  PRIMARY KEY (channel_id, remote_id)
) STRICT, WITHOUT ROWID;

-- The delivery machine: no transition outside the table of the domain.
CREATE TRIGGER delivery_machine BEFORE UPDATE OF state ON delivery
WHEN OLD.state <> NEW.state AND NEW.state <> 'published' AND (OLD.state || '>' || NEW.state) NOT IN (
  'draft>scheduled', 'draft>cancelled',
  'scheduled>sending', 'scheduled>failed', 'scheduled>missed', 'scheduled>cancelled',
  'sending>confirming', 'sending>failed', 'sending>unknown', 'sending>scheduled',
  'unknown>confirming', 'unknown>failed', 'unknown>scheduled', 'unknown>sending', 'unknown>needs_decision',
  'confirming>failed', 'confirming>needs_decision',
  'failed>scheduled', 'failed>cancelled',
  'missed>scheduled', 'missed>cancelled',
  'needs_decision>scheduled', 'needs_decision>unknown',
  'cancelled>scheduled', 'cancelled>failed', 'cancelled>missed', 'cancelled>draft')
BEGIN SELECT RAISE(ABORT, 'transition outside the table'); END;

-- Out of `cancelled` only the undo leads, and only back to where it was.
CREATE TRIGGER delivery_undone BEFORE UPDATE OF state ON delivery
WHEN OLD.state = 'cancelled' AND NEW.state NOT IN ('cancelled', 'published') AND NEW.state IS NOT OLD.cancelled_from
BEGIN SELECT RAISE(ABORT, 'a cancelled delivery goes back to where it was'); END;

CREATE TRIGGER delivery_published BEFORE UPDATE OF state ON delivery
WHEN OLD.state <> NEW.state AND NEW.state = 'published'
  AND NOT EXISTS (SELECT 1 FROM verdict WHERE delivery_id = NEW.id AND kind = 'published')
BEGIN SELECT RAISE(ABORT, 'published without a verdict'); END;

CREATE TRIGGER delivery_born BEFORE INSERT ON delivery
WHEN NEW.state NOT IN ('draft', 'scheduled')
BEGIN SELECT RAISE(ABORT, 'a delivery begins as draft or scheduled'); END;

CREATE TRIGGER delivery_kept BEFORE DELETE ON delivery
WHEN OLD.state NOT IN ('draft') OR OLD.ever_armed = 1
BEGIN SELECT RAISE(ABORT, 'only a draft can be removed'); END;

CREATE TRIGGER channel_identity BEFORE UPDATE OF id, workspace_id, kind, identity_server, remote_id, connected_at, connected_by ON channel
WHEN OLD.id IS NOT NEW.id OR OLD.workspace_id IS NOT NEW.workspace_id OR OLD.kind IS NOT NEW.kind
  OR OLD.identity_server IS NOT NEW.identity_server OR OLD.remote_id IS NOT NEW.remote_id
  OR OLD.connected_at IS NOT NEW.connected_at OR OLD.connected_by IS NOT NEW.connected_by
BEGIN SELECT RAISE(ABORT, 'the identity of a channel never changes'); END;

CREATE TRIGGER channel_ended BEFORE UPDATE OF status ON channel
WHEN OLD.status = 'DISCONNECTED' AND NEW.status <> 'DISCONNECTED'
BEGIN SELECT RAISE(ABORT, 'a disconnected channel stays disconnected'); END;

CREATE TRIGGER verdict_update BEFORE UPDATE ON verdict BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END;
CREATE TRIGGER verdict_delete BEFORE DELETE ON verdict BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END;
CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER history_update BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'channel history is append-only'); END;
CREATE TRIGGER history_delete BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'channel history is kept for good'); END;
CREATE TRIGGER attempt_delete BEFORE DELETE ON attempt BEGIN SELECT RAISE(ABORT, 'attempts are kept for good'); END;

-- Counts per channel and state, so that no list has to count rows.
CREATE TRIGGER delivery_count_insert AFTER INSERT ON delivery BEGIN
  INSERT INTO channel_count VALUES (NEW.channel_id, NEW.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_count_update AFTER UPDATE OF state, channel_id ON delivery
WHEN OLD.state <> NEW.state OR OLD.channel_id <> NEW.channel_id BEGIN
  UPDATE channel_count SET n = n - 1 WHERE channel_id = OLD.channel_id AND state = OLD.state;
  INSERT INTO channel_count VALUES (NEW.channel_id, NEW.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_count_delete AFTER DELETE ON delivery BEGIN
  UPDATE channel_count SET n = n - 1 WHERE channel_id = OLD.channel_id AND state = OLD.state;
END;

-- The change feed. `at` only serves pruning, so SQLite's own clock will do.
CREATE TRIGGER channel_changed AFTER UPDATE ON channel WHEN NEW.change = OLD.change BEGIN
  UPDATE channel SET change = (SELECT max(change) + 1 FROM channel) WHERE id = NEW.id;
END;
CREATE TRIGGER channel_new AFTER INSERT ON channel BEGIN
  UPDATE channel SET change = (SELECT max(change) + 1 FROM channel) WHERE id = NEW.id;
END;
CREATE TRIGGER login_changed AFTER UPDATE ON login BEGIN
  UPDATE channel SET change = (SELECT max(change) + 1 FROM channel) WHERE login_id = NEW.id;
END;
CREATE TRIGGER delivery_new AFTER INSERT ON delivery BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'delivery', NEW.id);
END;
CREATE TRIGGER delivery_changed AFTER UPDATE ON delivery BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'delivery', NEW.id);
END;
CREATE TRIGGER notice_new AFTER INSERT ON notice BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'notice', NEW.id);
END;
CREATE TRIGGER notice_changed AFTER UPDATE ON notice BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'notice', NEW.id);
END;
CREATE TRIGGER incident_new AFTER INSERT ON incident BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'incident', NEW.id);
END;
CREATE TRIGGER incident_changed AFTER UPDATE ON incident BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'incident', NEW.id);
END;
CREATE TRIGGER command_new AFTER INSERT ON command BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'command', NEW.id);
END;
CREATE TRIGGER command_changed AFTER UPDATE ON command BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'command', NEW.id);
END;
CREATE TRIGGER term_new AFTER INSERT ON term BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'term', NEW.n);
END;
CREATE TRIGGER term_ended AFTER UPDATE OF ended_at ON term BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'term', NEW.n);
END;
CREATE TRIGGER waiting_new AFTER INSERT ON waiting BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'waiting', NEW.pid);
END;
CREATE TRIGGER waiting_gone AFTER DELETE ON waiting BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'waiting', OLD.pid);
END;
CREATE TRIGGER delivery_gone AFTER DELETE ON delivery BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'delivery', OLD.id);
END;
CREATE TRIGGER post_changed AFTER UPDATE ON post BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'post', NEW.id);
END;
CREATE TRIGGER setting_new AFTER INSERT ON setting BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'setting', NEW.key);
END;
CREATE TRIGGER setting_changed AFTER UPDATE ON setting BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'setting', NEW.key);
END;
CREATE TRIGGER setting_gone AFTER DELETE ON setting BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'setting', OLD.key);
END;
CREATE TRIGGER workspace_new AFTER INSERT ON workspace BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'workspace', NEW.id);
END;
CREATE TRIGGER workspace_changed AFTER UPDATE ON workspace BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'workspace', NEW.id);
END;
CREATE TRIGGER operator_new AFTER INSERT ON operator BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'operator', NEW.id);
END;
CREATE TRIGGER operator_changed AFTER UPDATE ON operator BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'operator', NEW.id);
END;
CREATE TRIGGER member_new AFTER INSERT ON member BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'member', NEW.operator_id);
END;
CREATE TRIGGER member_changed AFTER UPDATE ON member BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'member', NEW.operator_id);
END;
CREATE TRIGGER member_gone AFTER DELETE ON member BEGIN
  INSERT INTO event (at, kind, object) VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'member', OLD.operator_id);
END;

INSERT INTO plan (name, max_channels, networks) VALUES
  ('free', 3, 'facebook,instagram,threads'),
  ('starter', 10, 'facebook,instagram,threads'),
  ('professional', 50, 'facebook,instagram,threads,tiktok,x,linkedin,youtube,pinterest,bluesky,mastodon,telegram'),
  ('enterprise', NULL, 'facebook,instagram,threads,tiktok,x,linkedin,youtube,pinterest,bluesky,mastodon,telegram,whatsapp');
