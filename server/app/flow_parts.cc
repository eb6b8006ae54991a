// SPDX-License-Identifier: Apache-2.0
#include "server/app/flow_parts.h"

namespace preseal::server {

FlowParts::FlowParts(Store& store, const Clock& clock, LiveDevices& live, ProfileCatalog& profiles,
                     const ServerConfig& config)
    : landing(store, clock, live, profiles, config.organisation),
      dispatcher(store, clock, live),
      flow(store, clock, profiles, dispatcher),
      commands(store, clock, profiles, dispatcher, landing, prompts),
      actions(flow, commands, clock),
      edit(store, clock, landing),
      limit(store, clock),
      tokens(live, clock, config.tokens),
      deadlines(store, clock),
      reports(store, clock, profiles, config.seal, DecodeStoredEvent),
      report_handlers(reports, limit, tokens),
      views(profiles, reports, clock) {
  dispatcher.set_landing(&landing);
}

}  // namespace preseal::server
