-- SPDX-License-Identifier: Apache-2.0
-- The technician flow and the user flow in full: what is assigned by, what is waited for, who let
-- what pass. Texts named as JSON are docs/formats.md "JSON columns"; empty where there is nothing.

ALTER TABLE devices ADD COLUMN sku TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN group_tag TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN attributes TEXT NOT NULL DEFAULT '';  -- JSON
ALTER TABLE devices ADD COLUMN device_name TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN flow INTEGER NOT NULL DEFAULT 1 CHECK (flow > 0);
ALTER TABLE devices ADD COLUMN held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1));
ALTER TABLE devices ADD COLUMN wait TEXT NOT NULL DEFAULT '';  -- JSON
ALTER TABLE devices ADD COLUMN sealed_plan_digest TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN deployments INTEGER NOT NULL DEFAULT 0 CHECK (deployments >= 0);
ALTER TABLE devices ADD COLUMN allow_next TEXT NOT NULL DEFAULT '';  -- JSON
ALTER TABLE devices ADD COLUMN signed_in_user TEXT NOT NULL DEFAULT '';

-- What was sealed before this migration was sealed once, with the plan of its last run.
UPDATE devices
  SET deployments = 1,
      sealed_plan_digest = coalesce(
          (SELECT profile_digest FROM runs
             WHERE runs.device_number = devices.device_number
               AND runs.attempt = devices.attempt), '')
  WHERE seal_time IS NOT NULL;

ALTER TABLE runs ADD COLUMN flow INTEGER NOT NULL DEFAULT 1 CHECK (flow > 0);
ALTER TABLE runs ADD COLUMN profile_version INTEGER NOT NULL DEFAULT 0
  CHECK (profile_version >= 0);
ALTER TABLE runs ADD COLUMN timed_out INTEGER NOT NULL DEFAULT 0 CHECK (timed_out IN (0, 1));
ALTER TABLE runs ADD COLUMN continued INTEGER NOT NULL DEFAULT 0 CHECK (continued IN (0, 1));
ALTER TABLE runs ADD COLUMN held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1));
ALTER TABLE runs ADD COLUMN device_run_time_ms INTEGER NOT NULL DEFAULT 0
  CHECK (device_run_time_ms >= 0);
ALTER TABLE runs ADD COLUMN limit_ms INTEGER NOT NULL DEFAULT 0 CHECK (limit_ms >= 0);
ALTER TABLE runs ADD COLUMN wait TEXT NOT NULL DEFAULT '';  -- JSON
ALTER TABLE runs ADD COLUMN esp TEXT NOT NULL DEFAULT '';   -- JSON

-- `attempt` is the run's; an item's own are `tries`.
ALTER TABLE items ADD COLUMN tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0);
ALTER TABLE items ADD COLUMN done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE items ADD COLUMN total INTEGER NOT NULL DEFAULT 0;
ALTER TABLE items ADD COLUMN wait TEXT NOT NULL DEFAULT '';    -- JSON
ALTER TABLE items ADD COLUMN waiver TEXT NOT NULL DEFAULT '';  -- JSON
ALTER TABLE items ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE items ADD COLUMN stalled INTEGER NOT NULL DEFAULT 0 CHECK (stalled IN (0, 1));

ALTER TABLE commands ADD COLUMN item_id TEXT NOT NULL DEFAULT '';
ALTER TABLE commands ADD COLUMN text TEXT NOT NULL DEFAULT '';
ALTER TABLE commands ADD COLUMN by_ms INTEGER NOT NULL DEFAULT 0 CHECK (by_ms >= 0);

-- What the deadline watch looks at; 0 is RUNNING.
CREATE INDEX runs_running ON runs (start_time) WHERE outcome = 0;
