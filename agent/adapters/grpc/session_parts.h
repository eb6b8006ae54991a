// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/grpc only: the larger parts of the session's messages.
#pragma once

#include <vector>

#include "agent/service/session/session_channel.h"
#include "preseal/device/v1/device.pb.h"

namespace preseal::agent {

// Nonce and PCRs of a seal quote or a renewal.
Status ReadQuoteRequest(const std::string& nonce,
                        const google::protobuf::RepeatedPtrField<device::v1::PcrMask>& pcrs,
                        Bytes* nonce_out, std::vector<PcrMask>* pcrs_out);

// InvalidArgument if an id is none, a field is over its limit or the action is unknown.
StatusOr<Order> ReadOrder(const device::v1::Command& in);

// InvalidArgument if a field is over its limit or the mode is unknown. An action this agent does
// not know is left out: it has no button for it, and the rest of the card still helps.
StatusOr<LandingCard> ReadLanding(const device::v1::Landing& in);

}  // namespace preseal::agent
