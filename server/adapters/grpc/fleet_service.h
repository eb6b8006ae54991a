// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "server/adapters/grpc/device_views.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/accounts.h"
#include "server/service/change_feed.h"
#include "server/service/device_import.h"
#include "server/service/flow/technician_flow.h"
#include "server/service/ports.h"

namespace preseal::server {

// preseal.fleet.v1.FleetService; what each method does is said in the proto. Thread-safe.
class FleetService final : public fleet::v1::FleetService::CallbackService {
 public:
  FleetService(Store& store, Accounts& accounts, TechnicianFlow& flow, DeviceImport& import,
               const DeviceViews& views, ChangeFeed& feed, Workers& workers, const Clock& clock)
      : store_(store),
        accounts_(accounts),
        flow_(flow),
        import_(import),
        views_(views),
        feed_(feed),
        workers_(workers),
        clock_(clock) {}

  grpc::ServerUnaryReactor* GetDevice(grpc::CallbackServerContext* context,
                                      const fleet::v1::GetDeviceRequest* request,
                                      fleet::v1::Device* response) override;
  grpc::ServerUnaryReactor* ListDevices(grpc::CallbackServerContext* context,
                                        const fleet::v1::ListDevicesRequest* request,
                                        fleet::v1::ListDevicesResponse* response) override;
  grpc::ServerWriteReactor<fleet::v1::WatchDevicesResponse>* WatchDevices(
      grpc::CallbackServerContext* context, const fleet::v1::WatchDevicesRequest* request) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const fleet::v1::ListEventsRequest* request,
                                       fleet::v1::ListEventsResponse* response) override;
  grpc::ServerUnaryReactor* ImportDevices(grpc::CallbackServerContext* context,
                                          const fleet::v1::ImportDevicesRequest* request,
                                          fleet::v1::ImportDevicesResponse* response) override;
  grpc::ServerUnaryReactor* StartDevice(grpc::CallbackServerContext* context,
                                        const fleet::v1::StartDeviceRequest* request,
                                        fleet::v1::Command* response) override;
  grpc::ServerUnaryReactor* RetryDevice(grpc::CallbackServerContext* context,
                                        const fleet::v1::RetryDeviceRequest* request,
                                        fleet::v1::Command* response) override;
  grpc::ServerUnaryReactor* ResealDevice(grpc::CallbackServerContext* context,
                                         const fleet::v1::ResealDeviceRequest* request,
                                         fleet::v1::Command* response) override;
  grpc::ServerUnaryReactor* GetBirthCertificate(
      grpc::CallbackServerContext* context, const fleet::v1::GetBirthCertificateRequest* request,
      fleet::v1::BirthCertificate* response) override;
  grpc::ServerUnaryReactor* GetEvidence(grpc::CallbackServerContext* context,
                                        const fleet::v1::GetEvidenceRequest* request,
                                        fleet::v1::AttestationEvidence* response) override;

 private:
  using Work = std::function<Status(const Principal&)>;
  // Runs `work` on a worker for a caller with `right`.
  grpc::ServerUnaryReactor* Serve(grpc::CallbackServerContext* context, Right right, Work work);
  using Verb = StatusOr<Command> (TechnicianFlow::*)(const Actor&, const DeviceId&,
                                                     std::string_view);
  grpc::ServerUnaryReactor* Give(grpc::CallbackServerContext* context, Verb verb,
                                 const std::string& name, const std::string& request_id,
                                 fleet::v1::Command* response);

  Store& store_;
  Accounts& accounts_;
  TechnicianFlow& flow_;
  DeviceImport& import_;
  const DeviceViews& views_;
  ChangeFeed& feed_;
  Workers& workers_;
  const Clock& clock_;
};

}  // namespace preseal::server
