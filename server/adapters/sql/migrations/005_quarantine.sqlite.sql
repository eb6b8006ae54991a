-- SPDX-License-Identifier: Apache-2.0
-- Devices that were admitted to the quarantine profile only.

ALTER TABLE devices ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0
  CHECK (quarantined IN (0, 1));
