// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/base/clock.h"
#include "server/domain/assignment/resolve.h"
#include "server/service/profile/library_loader.h"
#include "server/service/profile/profile_catalog.h"

namespace preseal::server {

// Which profile is whose, by name.
struct ProfileNames {
  std::string by_default;  // empty: the only one there is
  std::string quarantine;  // empty: quarantined devices run none
};

// What the rules of assignment see of a record.
DeviceFacts FactsForRules(const Device& device);

// The effective plans of devices, from the documents in the store. Thread-safe.
class ProfileDesk final : public ProfileCatalog {
 public:
  ProfileDesk(const DocumentFormat& format, LibraryLoader& loader, const Clock& clock,
              ProfileNames names)
      : format_(format), loader_(loader), clock_(clock), names_(std::move(names)) {}

  // Before others see the desk: fixes the default and makes sure that what is named exists.
  // FailedPrecondition: there is no profile, or a chosen one is none of them.
  Status Settle(Tx& tx);

  StatusOr<FrozenPlan> FreezeFor(Tx& tx, const Device& device, Flow flow) override;
  StatusOr<EffectivePlan> Preview(Tx& tx, const Device& device, Flow flow,
                                  std::string_view assigned_user) override;
  StatusOr<std::string> DigestNow(Tx& tx, const Device& device) override;
  StatusOr<std::vector<std::string>> DriftLines(Tx& tx, const Device& device,
                                                ByteView sealed_plan) override;
  const std::string& default_profile() const override { return names_.by_default; }
  const std::string& quarantine_profile() const override { return names_.quarantine; }

  // The plan `library` gives the device in the technician flow, without a name of its own.
  StatusOr<FrozenPlan> PlanFrom(const Library& library, const Device& device) const;

 private:
  StatusOr<PlanSubject> SubjectOf(const Device& device, Flow flow) const;
  StatusOr<FrozenPlan> PlanNow(Tx& tx, const Device& device, Flow flow);
  enum class Naming { kReserve, kShow };
  StatusOr<std::string> NameOf(Tx& tx, const Device& device, const ProfileSettings& profile,
                               Naming naming);
  StatusOr<std::string> DrawName(Tx& tx, const Device& device, const ProfileSettings& profile,
                                 Naming naming);
  Status Reserve(Tx& tx, const Device& device, const std::string& name,
                 const std::string& name_template);

  const DocumentFormat& format_;
  LibraryLoader& loader_;
  const Clock& clock_;
  ProfileNames names_;
};

}  // namespace preseal::server
