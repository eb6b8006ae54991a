// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/fleet_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/base/limits.h"
#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/convert.h"
#include "server/adapters/grpc/device_views.h"
#include "server/adapters/grpc/evidence_view.h"
#include "server/adapters/grpc/paging.h"
#include "server/adapters/grpc/resource_names.h"
#include "server/adapters/grpc/watch_devices.h"

namespace preseal::server {

namespace fv1 = fleet::v1;

grpc::ServerUnaryReactor* FleetService::Serve(grpc::CallbackServerContext* context, Right right,
                                              Work work) {
  return workers_.Serve(context, [this, context, right, work = std::move(work)]() -> Status {
    ASSIGN_OR_RETURN(const Principal principal, Authorise(*context, accounts_, right));
    return work(principal);
  });
}

grpc::ServerUnaryReactor* FleetService::GetDevice(grpc::CallbackServerContext* context,
                                                  const fv1::GetDeviceRequest* request,
                                                  fv1::Device* response) {
  return Serve(context, Right::kSeeFleet, [this, request, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(request->name()));
    return store_.Read([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(const Device device, tx.devices.Get(id));
      return views_.Fill(tx, device, DeviceDetail::kPage, response);
    });
  });
}

grpc::ServerUnaryReactor* FleetService::ListDevices(grpc::CallbackServerContext* context,
                                                    const fv1::ListDevicesRequest* request,
                                                    fv1::ListDevicesResponse* response) {
  return Serve(context, Right::kSeeFleet, [this, request, response](const Principal&) -> Status {
    DeviceFilter filter{.query = request->query()};
    RETURN_IF_ERROR(CheckLength("query", request->query(), kNameBytesMax));
    if (!request->batch().empty()) {
      ASSIGN_OR_RETURN(filter.batch, ParseBatchName(request->batch()));
    }
    for (const int state : request->states()) {
      ASSIGN_OR_RETURN(const DeviceState wanted,
                       ToDomain(static_cast<lifecycle::v1::DeviceState>(state)));
      filter.states.push_back(wanted);
    }
    ASSIGN_OR_RETURN(const int limit, PageSize(request->page_size(), 100));
    std::optional<DeviceId> after;
    if (!request->page_token().empty()) {
      ASSIGN_OR_RETURN_CTX(after, DeviceId::Parse(request->page_token()), "page_token");
    }
    return store_.Read([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(auto devices, tx.devices.List(filter, after, limit + 1));
      if (devices.size() > static_cast<size_t>(limit)) {
        devices.pop_back();
        response->set_next_page_token(devices.back().id.text());
      }
      for (const Device& device : devices) {
        RETURN_IF_ERROR(views_.Fill(tx, device, DeviceDetail::kTile, response->add_devices()));
      }
      return OkStatus();
    });
  });
}

grpc::ServerWriteReactor<fv1::WatchDevicesResponse>* FleetService::WatchDevices(
    grpc::CallbackServerContext* context, const fv1::WatchDevicesRequest* request) {
  return StartWatch(store_, accounts_, views_, feed_, workers_, clock_, BearerOf(*context),
                    *request);
}

grpc::ServerUnaryReactor* FleetService::ListEvents(grpc::CallbackServerContext* context,
                                                   const fv1::ListEventsRequest* request,
                                                   fv1::ListEventsResponse* response) {
  return Serve(context, Right::kSeeFleet, [this, request, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(request->device()));
    ASSIGN_OR_RETURN(const int limit, PageSize(request->page_size(), 200));
    ASSIGN_OR_RETURN(const uint64_t after, ParseNumberToken(request->page_token()));
    return store_.Read([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(const Device device, tx.devices.Get(id));
      if (device.attempt == 0 && request->run().empty()) return OkStatus();
      RunId run = RunId::Of(id, std::max(device.attempt, 1u));
      if (!request->run().empty()) {
        ASSIGN_OR_RETURN(run, ParseRunName(request->run()));
        if (run.device() != id) return InvalidArgument("run belongs to another device");
      }
      ASSIGN_OR_RETURN(auto rows, tx.events.List(run, after, limit + 1));
      if (rows.size() > static_cast<size_t>(limit)) {
        rows.pop_back();
        response->set_next_page_token(std::to_string(rows.back().sequence));
      }
      for (const JournalRow& row : rows) {
        auto* entry = response->add_entries();
        entry->set_sequence(row.sequence);
        SetTime(row.receive_time, entry->mutable_receive_time());
        entry->set_kind(row.kind);
        entry->set_item_id(row.item_id);
        entry->set_text(row.text);
      }
      return OkStatus();
    });
  });
}

grpc::ServerUnaryReactor* FleetService::ImportDevices(grpc::CallbackServerContext* context,
                                                      const fv1::ImportDevicesRequest* request,
                                                      fv1::ImportDevicesResponse* response) {
  return Serve(context, Right::kImport, [this, request, response](const Principal& who) -> Status {
    ASSIGN_OR_RETURN(const BatchId batch, ParseBatchName(request->batch()));
    std::vector<ImportRow> rows;
    for (const auto& row : request->rows()) {
      rows.push_back({row.serial_number(),
                      row.manufacturer(),
                      row.model(),
                      row.assigned_user(),
                      row.sku(),
                      row.group_tag(),
                      {row.attributes().begin(), row.attributes().end()}});
    }
    ASSIGN_OR_RETURN(const auto results,
                     import_.Import(who, batch, rows, request->validate_only()));
    int counts[4] = {};
    for (const ImportRowResult& result : results) {
      auto* out = response->add_results();
      out->set_outcome(static_cast<fv1::ImportRowResult::Outcome>(result.outcome));
      if (!result.device.empty()) out->set_device(NameOfDevice(result.device));
      out->set_code(result.code);
      out->set_message(result.message);
      ++counts[static_cast<int>(result.outcome)];
    }
    response->set_created(counts[static_cast<int>(ImportOutcome::kCreated)]);
    response->set_unchanged(counts[static_cast<int>(ImportOutcome::kUnchanged)]);
    response->set_refused(counts[static_cast<int>(ImportOutcome::kRefused)]);
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* FleetService::Give(grpc::CallbackServerContext* context, Verb verb,
                                             const std::string& name, const std::string& request_id,
                                             fv1::Command* response) {
  return Serve(context, Right::kRunTechnicianFlow,
               [this, verb, &name, &request_id, response](const Principal& who) -> Status {
                 ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(name));
                 ASSIGN_OR_RETURN(const Command command, (flow_.*verb)(who, id, request_id));
                 ToProto(command, response);
                 return OkStatus();
               });
}

grpc::ServerUnaryReactor* FleetService::StartDevice(grpc::CallbackServerContext* context,
                                                    const fv1::StartDeviceRequest* request,
                                                    fv1::Command* response) {
  return Give(context, &TechnicianFlow::Start, request->name(), request->request_id(), response);
}

grpc::ServerUnaryReactor* FleetService::RetryDevice(grpc::CallbackServerContext* context,
                                                    const fv1::RetryDeviceRequest* request,
                                                    fv1::Command* response) {
  return Give(context, &TechnicianFlow::Retry, request->name(), request->request_id(), response);
}

grpc::ServerUnaryReactor* FleetService::ResealDevice(grpc::CallbackServerContext* context,
                                                     const fv1::ResealDeviceRequest* request,
                                                     fv1::Command* response) {
  return Give(context, &TechnicianFlow::Reseal, request->name(), request->request_id(), response);
}

grpc::ServerUnaryReactor* FleetService::GetBirthCertificate(
    grpc::CallbackServerContext* context, const fv1::GetBirthCertificateRequest* request,
    fv1::BirthCertificate* response) {
  return Serve(context, Right::kSeeFleet, [this, request, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(request->name()));
    return store_.Read([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(const Device device, tx.devices.Get(id));
      if (!device.seal_time) {
        return FailedPrecondition(
            fmt::format("{} is not sealed: it has no birth certificate yet", id.text()));
      }
      ASSIGN_OR_RETURN(*response->mutable_jws(), tx.evidence.BirthCertificate(id));
      return OkStatus();
    });
  });
}

grpc::ServerUnaryReactor* FleetService::GetEvidence(grpc::CallbackServerContext* context,
                                                    const fv1::GetEvidenceRequest* request,
                                                    fv1::AttestationEvidence* response) {
  return Serve(context, Right::kSeeEvidence, [this, request, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(request->name()));
    return store_.Read([&](Tx& tx) -> Status {
      RETURN_IF_ERROR(tx.devices.Get(id).status());
      ASSIGN_OR_RETURN(const auto record, tx.evidence.LatestAttestation(id));
      return FillEvidence(record, response);
    });
  });
}

}  // namespace preseal::server
