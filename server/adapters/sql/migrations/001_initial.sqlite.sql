-- SPDX-License-Identifier: Apache-2.0
-- Times are microseconds since 1970-01-01T00:00:00Z, flags 0 or 1, digests 32 raw bytes. Values of
-- states, kinds and roles are those of the enums in server/domain and server/service/ports.h.

-- Numbers given out once: devices are D-1001 upwards, a revision is taken by every device write.
CREATE TABLE counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('device_number', 1000), ('revision', 0);

CREATE TABLE batches (
  batch_id TEXT NOT NULL PRIMARY KEY,
  create_time INTEGER NOT NULL,
  silent INTEGER NOT NULL DEFAULT 0 CHECK (silent >= 0),
  update_time INTEGER
) STRICT, WITHOUT ROWID;

-- Devices of a batch per state, kept by the triggers below so that a batch's status costs the same
-- whatever its size.
CREATE TABLE batch_counts (
  batch_id TEXT NOT NULL REFERENCES batches,
  state INTEGER NOT NULL CHECK (state > 0),
  devices INTEGER NOT NULL CHECK (devices >= 0),
  PRIMARY KEY (batch_id, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
  device_number INTEGER NOT NULL PRIMARY KEY CHECK (device_number > 1000),
  serial_number TEXT NOT NULL CHECK (serial_number <> ''),
  manufacturer TEXT NOT NULL,
  model TEXT NOT NULL,
  batch_id TEXT REFERENCES batches,
  slot TEXT NOT NULL,
  assigned_user TEXT NOT NULL,
  profile TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state > 0),
  state_time INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  failure_code TEXT NOT NULL,
  failure_item_id TEXT NOT NULL,
  failure_message TEXT NOT NULL,
  failure_remedy TEXT NOT NULL,
  failure_seen TEXT NOT NULL,
  failure_expected TEXT NOT NULL,
  contact INTEGER NOT NULL CHECK (contact > 0),
  contact_time INTEGER,
  lab INTEGER NOT NULL CHECK (lab IN (0, 1)),
  enrolled INTEGER NOT NULL CHECK (enrolled IN (0, 1)),
  attempt INTEGER NOT NULL CHECK (attempt >= 0),
  phase INTEGER NOT NULL CHECK (phase > 0),
  item_name TEXT NOT NULL,
  items_done INTEGER NOT NULL,
  items_total INTEGER NOT NULL,
  percent INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
  blocking_satisfied INTEGER NOT NULL CHECK (blocking_satisfied IN (0, 1)),
  run_start_time INTEGER,
  run_end_time INTEGER,
  last_command_id TEXT,
  ek_spki_sha256 BLOB CHECK (length(ek_spki_sha256) = 32),
  certificate_sha256 BLOB CHECK (length(certificate_sha256) = 32),
  seal_unconfirmed INTEGER NOT NULL CHECK (seal_unconfirmed IN (0, 1)),
  seal_time INTEGER,
  revision INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX devices_serial ON devices (lower(serial_number));
-- One TPM is one device.
CREATE UNIQUE INDEX devices_ek ON devices (ek_spki_sha256) WHERE ek_spki_sha256 IS NOT NULL;
CREATE UNIQUE INDEX devices_revision ON devices (revision);
CREATE INDEX devices_batch_revision ON devices (batch_id, revision) WHERE batch_id IS NOT NULL;
-- With the device number, which ends every index, these page by id within a state.
CREATE INDEX devices_state ON devices (state);
CREATE INDEX devices_batch_state ON devices (batch_id, state) WHERE batch_id IS NOT NULL;
CREATE INDEX devices_contact ON devices (contact);

-- 4 is the contact state SILENT.
CREATE TRIGGER devices_count_new AFTER INSERT ON devices WHEN new.batch_id IS NOT NULL
BEGIN
  INSERT INTO batch_counts (batch_id, state, devices) VALUES (new.batch_id, new.state, 1)
    ON CONFLICT (batch_id, state) DO UPDATE SET devices = devices + 1;
  UPDATE batches
    SET silent = silent + (new.contact = 4),
        update_time = max(coalesce(update_time, new.state_time), new.state_time)
    WHERE batch_id = new.batch_id;
END;
CREATE TRIGGER devices_count_change AFTER UPDATE OF batch_id, state, contact ON devices
BEGIN
  UPDATE batch_counts SET devices = devices - 1
    WHERE batch_id = old.batch_id AND state = old.state;
  UPDATE batches SET silent = silent - 1 WHERE batch_id = old.batch_id AND old.contact = 4;
  INSERT INTO batch_counts (batch_id, state, devices)
    SELECT new.batch_id, new.state, 1 WHERE new.batch_id IS NOT NULL
    ON CONFLICT (batch_id, state) DO UPDATE SET devices = devices + 1;
  UPDATE batches
    SET silent = silent + (new.contact = 4),
        update_time = max(coalesce(update_time, new.state_time), new.state_time)
    WHERE batch_id = new.batch_id;
END;

CREATE TABLE runs (
  device_number INTEGER NOT NULL REFERENCES devices,
  attempt INTEGER NOT NULL CHECK (attempt > 0),
  outcome INTEGER NOT NULL CHECK (outcome >= 0),
  start_time INTEGER NOT NULL,
  end_time INTEGER,
  profile TEXT NOT NULL,
  profile_digest TEXT NOT NULL,
  event_count INTEGER NOT NULL CHECK (event_count >= 0),
  PRIMARY KEY (device_number, attempt)
) STRICT, WITHOUT ROWID;

-- The plan as sent, up to megabytes, hence apart.
CREATE TABLE run_plans (
  device_number INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  plan BLOB NOT NULL,
  PRIMARY KEY (device_number, attempt),
  FOREIGN KEY (device_number, attempt) REFERENCES runs
) STRICT;

-- Attempt 0 is device preparation, which has no run.
CREATE TABLE items (
  device_number INTEGER NOT NULL REFERENCES devices,
  attempt INTEGER NOT NULL CHECK (attempt >= 0),
  item_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  display_name TEXT NOT NULL,
  phase INTEGER NOT NULL CHECK (phase > 0),
  category INTEGER NOT NULL CHECK (category > 0),
  gating INTEGER NOT NULL CHECK (gating > 0),
  state INTEGER NOT NULL CHECK (state > 0),
  percent INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  already_done INTEGER NOT NULL CHECK (already_done IN (0, 1)),
  start_time INTEGER,
  end_time INTEGER,
  exit_code INTEGER,
  PRIMARY KEY (device_number, attempt, item_id)
) STRICT, WITHOUT ROWID;

-- What devices said, by run and sequence. `content` is the event as received.
CREATE TABLE events (
  device_number INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  sequence INTEGER NOT NULL CHECK (sequence > 0),
  receive_time INTEGER NOT NULL,
  kind TEXT NOT NULL,
  item_id TEXT NOT NULL,
  text TEXT NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (device_number, attempt, sequence),
  FOREIGN KEY (device_number, attempt) REFERENCES runs
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
  command_number INTEGER NOT NULL PRIMARY KEY,
  command_id TEXT NOT NULL UNIQUE,
  device_number INTEGER NOT NULL REFERENCES devices,
  kind INTEGER NOT NULL CHECK (kind > 0),
  state INTEGER NOT NULL CHECK (state > 0),
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  actor TEXT NOT NULL,
  request_id TEXT,
  run_id TEXT,
  seal_step INTEGER NOT NULL CHECK (seal_step >= 0),
  nonce BLOB NOT NULL
) STRICT;
-- 5 is VERIFIED, 6 FAILED: what is below is still open.
CREATE INDEX commands_open ON commands (device_number) WHERE state < 5;
CREATE INDEX commands_request ON commands (device_number, actor, request_id)
  WHERE request_id IS NOT NULL;

CREATE TABLE attestations (
  attestation_number INTEGER NOT NULL PRIMARY KEY,
  device_number INTEGER NOT NULL REFERENCES devices,
  decide_time INTEGER NOT NULL,
  accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
  refusal_code TEXT NOT NULL,
  lab INTEGER NOT NULL CHECK (lab IN (0, 1)),
  evidence_sha256 BLOB NOT NULL
) STRICT;
CREATE INDEX attestations_device ON attestations (device_number);

-- The bytes it was judged by, up to megabytes, hence apart.
CREATE TABLE attestation_parts (
  attestation_number INTEGER NOT NULL PRIMARY KEY REFERENCES attestations ON DELETE CASCADE,
  challenge BLOB NOT NULL,
  evidence BLOB NOT NULL,
  credential BLOB NOT NULL,
  proof BLOB NOT NULL,
  server_leaf_sha256 BLOB NOT NULL,
  certify_qualifying_data BLOB NOT NULL,
  quote_qualifying_data BLOB NOT NULL,
  certificate BLOB NOT NULL,
  findings TEXT NOT NULL
) STRICT;

CREATE TABLE birth_certificates (
  birth_certificate_number INTEGER NOT NULL PRIMARY KEY,
  device_number INTEGER NOT NULL REFERENCES devices,
  create_time INTEGER NOT NULL,
  jws TEXT NOT NULL
) STRICT;
CREATE INDEX birth_certificates_device ON birth_certificates (device_number);

CREATE TABLE users (
  username TEXT NOT NULL PRIMARY KEY,
  role INTEGER NOT NULL CHECK (role > 0),
  password_hash TEXT NOT NULL,
  one_time INTEGER NOT NULL CHECK (one_time IN (0, 1)),
  failures INTEGER NOT NULL CHECK (failures >= 0),
  failure_window_start INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  token_sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(token_sha256) = 32),
  username TEXT NOT NULL REFERENCES users,
  create_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_expire ON sessions (expire_time);

CREATE TABLE api_tokens (
  token_id TEXT NOT NULL PRIMARY KEY,
  secret_sha256 BLOB NOT NULL CHECK (length(secret_sha256) = 32),
  display_name TEXT NOT NULL,
  role INTEGER NOT NULL CHECK (role > 0),
  create_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL,
  last_use_time INTEGER,
  revoked INTEGER NOT NULL CHECK (revoked IN (0, 1))
) STRICT, WITHOUT ROWID;

-- The batches a token may see; a batch may be named before it is imported.
CREATE TABLE api_token_batches (
  token_id TEXT NOT NULL REFERENCES api_tokens,
  position INTEGER NOT NULL,
  batch_id TEXT NOT NULL,
  PRIMARY KEY (token_id, position)
) STRICT, WITHOUT ROWID;

-- docs/formats.md "Audit chain".
CREATE TABLE audit_log (
  audit_number INTEGER NOT NULL PRIMARY KEY CHECK (audit_number > 0),
  time INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  chain_sha256 BLOB NOT NULL CHECK (length(chain_sha256) = 32)
) STRICT;
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
