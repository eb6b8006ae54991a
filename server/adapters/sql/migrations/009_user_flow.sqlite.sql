-- SPDX-License-Identifier: Apache-2.0
-- The user's half: the code a user signs in with, and the record of how it ended.

CREATE TABLE user_codes (
  device_number INTEGER NOT NULL PRIMARY KEY REFERENCES devices,
  username TEXT NOT NULL CHECK (username <> ''),
  code_sha256 BLOB NOT NULL CHECK (length(code_sha256) = 32),
  create_time INTEGER NOT NULL,
  expire_time INTEGER NOT NULL,
  attempts_left INTEGER NOT NULL CHECK (attempts_left >= 0),
  used INTEGER NOT NULL CHECK (used IN (0, 1))
) STRICT;

CREATE TABLE service_records (
  service_record_number INTEGER NOT NULL PRIMARY KEY,
  device_number INTEGER NOT NULL REFERENCES devices,
  attempt INTEGER NOT NULL CHECK (attempt > 0),
  create_time INTEGER NOT NULL,
  jws TEXT NOT NULL
) STRICT;
CREATE INDEX service_records_device ON service_records (device_number);

-- Runs that brought a device into service and have no record yet.
CREATE TABLE service_records_due (
  device_number INTEGER NOT NULL REFERENCES devices,
  attempt INTEGER NOT NULL CHECK (attempt > 0),
  PRIMARY KEY (device_number, attempt)
) STRICT, WITHOUT ROWID;

-- 9 is IN_SERVICE: in the same transaction, whatever brought the device there.
CREATE TRIGGER devices_in_service AFTER UPDATE OF state ON devices
WHEN new.state = 9 AND old.state <> 9 AND new.attempt > 0
BEGIN
  INSERT OR IGNORE INTO service_records_due (device_number, attempt)
    VALUES (new.device_number, new.attempt);
END;
