// SPDX-License-Identifier: Apache-2.0
import type { Run } from "../gen/preseal/fleet/v1/fleet_pb";

/** Present and past runs, newest first, each once: past runs are read at another moment. */
export function allRuns(present: Run | undefined, past: readonly Run[]): Run[] {
  const runs = new Map<string, Run>();
  for (const run of past) runs.set(run.name, run);
  if (present !== undefined) runs.set(present.name, present);
  return [...runs.values()].sort((a, b) => b.attempt - a.attempt);
}
