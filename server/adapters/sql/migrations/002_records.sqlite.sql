-- SPDX-License-Identifier: Apache-2.0
-- Attempts, which TPM belongs to which record, listed endorsement keys, order codes, golden PCR
-- values, certificates. Enums are those of server/service/identity_ports.h.

ALTER TABLE devices ADD COLUMN refused_attempts INTEGER NOT NULL DEFAULT 0
  CHECK (refused_attempts >= 0);

-- One row per TPM a record ever had; the present one has no end_time.
CREATE TABLE device_identities (
  identity_number INTEGER NOT NULL PRIMARY KEY,
  device_number INTEGER NOT NULL REFERENCES devices,
  ek_spki_sha256 BLOB NOT NULL CHECK (length(ek_spki_sha256) = 32),
  ek_certificate_sha256 BLOB CHECK (length(ek_certificate_sha256) = 32),
  start_time INTEGER NOT NULL,
  end_time INTEGER,
  reset_count INTEGER,
  approver TEXT NOT NULL,
  reason TEXT NOT NULL,
  note TEXT NOT NULL,
  end_actor TEXT NOT NULL DEFAULT '',
  end_reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX device_identities_present ON device_identities (device_number)
  WHERE end_time IS NULL;
CREATE INDEX device_identities_device ON device_identities (device_number);
INSERT INTO device_identities (device_number, ek_spki_sha256, start_time, approver, reason, note)
  SELECT device_number, ek_spki_sha256, create_time, '', '', '' FROM devices
  WHERE ek_spki_sha256 IS NOT NULL ORDER BY device_number;

CREATE TABLE ek_proposals (
  device_number INTEGER NOT NULL REFERENCES devices,
  kind INTEGER NOT NULL CHECK (kind > 0),
  ek_spki_sha256 BLOB NOT NULL CHECK (length(ek_spki_sha256) = 32),
  ek_certificate_sha256 BLOB CHECK (length(ek_certificate_sha256) = 32),
  tpm_manufacturer TEXT NOT NULL,
  tpm_model TEXT NOT NULL,
  code TEXT NOT NULL,
  order_code TEXT NOT NULL,
  first_time INTEGER NOT NULL,
  last_time INTEGER NOT NULL,
  approver TEXT NOT NULL,
  reason TEXT NOT NULL,
  note TEXT NOT NULL,
  approve_time INTEGER,
  use_time INTEGER,
  PRIMARY KEY (device_number, kind, ek_spki_sha256)
) STRICT, WITHOUT ROWID;

-- Attestation keys and device keys of accepted attestations: none may turn up on another device.
CREATE TABLE seen_keys (
  kind INTEGER NOT NULL CHECK (kind > 0),
  key_sha256 BLOB NOT NULL CHECK (length(key_sha256) = 32),
  device_number INTEGER NOT NULL REFERENCES devices,
  first_time INTEGER NOT NULL,
  PRIMARY KEY (kind, key_sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE certificates (
  certificate_number INTEGER NOT NULL PRIMARY KEY,
  serial_hex TEXT NOT NULL UNIQUE,
  device_number INTEGER NOT NULL REFERENCES devices,
  sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
  not_before INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  issue_time INTEGER NOT NULL,
  confirm_time INTEGER,
  revoke_time INTEGER,
  revoke_reason TEXT NOT NULL
) STRICT;
CREATE INDEX certificates_device ON certificates (device_number);
CREATE INDEX certificates_unconfirmed ON certificates (issue_time)
  WHERE confirm_time IS NULL AND revoke_time IS NULL;
CREATE INDEX certificates_revoked ON certificates (revoke_time) WHERE revoke_time IS NOT NULL;

-- An empty batch is the list that is good for every batch. A list may come before its import.
CREATE TABLE listed_eks (
  batch_id TEXT NOT NULL,
  ek_spki_sha256 BLOB NOT NULL CHECK (length(ek_spki_sha256) = 32),
  source TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (batch_id, ek_spki_sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE order_codes (
  code_id TEXT NOT NULL PRIMARY KEY,
  secret_sha256 BLOB NOT NULL CHECK (length(secret_sha256) = 32),
  batch_id TEXT NOT NULL CHECK (batch_id <> ''),
  uses INTEGER NOT NULL CHECK (uses > 0),
  uses_left INTEGER NOT NULL CHECK (uses_left BETWEEN 0 AND uses),
  create_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL,
  actor TEXT NOT NULL,
  revoked INTEGER NOT NULL CHECK (revoked IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Two different people approve; the check is the last line of defence.
CREATE TABLE golden_sets (
  golden_number INTEGER NOT NULL PRIMARY KEY,
  manufacturer TEXT NOT NULL,
  model TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state > 0),
  device_number INTEGER NOT NULL REFERENCES devices,
  create_time INTEGER NOT NULL,
  first_approver TEXT NOT NULL,
  first_approve_time INTEGER,
  second_approver TEXT NOT NULL,
  second_approve_time INTEGER,
  retire_actor TEXT NOT NULL,
  retire_time INTEGER,
  values_sha256 BLOB NOT NULL CHECK (length(values_sha256) = 32),
  -- 2 is APPROVED
  CHECK (state <> 2 OR (first_approver <> '' AND second_approver <> ''
                        AND first_approver <> second_approver))
) STRICT;
CREATE INDEX golden_sets_model ON golden_sets (lower(manufacturer), lower(model));

CREATE TABLE golden_values (
  golden_number INTEGER NOT NULL REFERENCES golden_sets,
  position INTEGER NOT NULL,
  bank INTEGER NOT NULL CHECK (bank > 0),
  pcr INTEGER NOT NULL CHECK (pcr BETWEEN 0 AND 23),
  value BLOB NOT NULL,
  PRIMARY KEY (golden_number, position)
) STRICT, WITHOUT ROWID;
