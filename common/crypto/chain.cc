// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/chain.h"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>

#include <algorithm>

#include "common/crypto/openssl_handles.h"

namespace preseal::crypto {
namespace {

using StoreContextOwner = openssl::Owner<X509_STORE_CTX, X509_STORE_CTX_free>;

constexpr int kSecurityLevel112Bits = 2;

// Members are borrowed from `certificates`, which must outlive the stack.
openssl::X509StackOwner Stack(const std::vector<Certificate>& certificates) {
  openssl::X509StackOwner stack(sk_X509_new_null());
  for (const Certificate& certificate : certificates) {
    if (!stack || sk_X509_push(stack.get(), certificate.handle()) <= 0) return nullptr;
  }
  return stack;
}

ChainOutcome ToOutcome(int error) {
  switch (error) {
    case X509_V_OK:
      return ChainOutcome::kTrusted;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_REJECTED:
      return ChainOutcome::kUntrusted;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
      return ChainOutcome::kBadSignature;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return ChainOutcome::kExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return ChainOutcome::kNotYetValid;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
      return ChainOutcome::kNotACa;
    case X509_V_ERR_INVALID_PURPOSE:
      return ChainOutcome::kWrongPurpose;
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return ChainOutcome::kTooDeep;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return ChainOutcome::kWeakCrypto;
    default:
      return ChainOutcome::kBadCertificate;
  }
}

std::string Name(const Certificate& certificate) {
  return fmt::format("\"{}\"", certificate.subject().empty() ? "serial " + certificate.serial_hex()
                                                             : certificate.subject());
}

// The path OpenSSL built, as certificates of ours again.
StatusOr<std::vector<Certificate>> ReadPath(X509_STORE_CTX* context) {
  std::vector<Certificate> path;
  STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const X509* x509 = sk_X509_value(chain, i);
    ASSIGN_OR_RETURN(auto certificate, Certificate::FromDer(openssl::EncodeDer(x509, i2d_X509)));
    path.push_back(std::move(certificate));
  }
  return path;
}

Status SetPolicy(const ChainPolicy& policy, X509_STORE_CTX* context) {
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_time(parameters, std::chrono::system_clock::to_time_t(policy.at));
  X509_VERIFY_PARAM_set_depth(parameters, policy.depth_max);
  X509_VERIFY_PARAM_set_auth_level(parameters,
                                   policy.allow_weak_crypto ? 0 : kSecurityLevel112Bits);
  // Our own roots before what the peer sent, so that junk beside the leaf cannot mislead; and a
  // root ends the path even if somebody else has signed it.
  constexpr unsigned long kFlags = X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN;
  if (X509_VERIFY_PARAM_set_flags(parameters, kFlags) != 1) {
    return openssl::Failure("set up chain verification");
  }
  return OkStatus();
}

// Rules OpenSSL does not enforce without its own idea of a purpose.
void CheckPurposeAndCas(const ChainPolicy& policy, ChainVerdict* verdict) {
  const std::vector<Certificate>& path = verdict->chain;
  // A trusted CA presented as somebody's own certificate.
  if (path.size() < 2) {
    verdict->outcome = ChainOutcome::kUntrusted;
    verdict->detail = Name(path[0]) + " is a root itself";
    return;
  }
  // It lets version 1 certificates issue; one without basicConstraints may be anybody's leaf.
  for (size_t i = 1; i < path.size(); ++i) {
    if (path[i].is_ca()) continue;
    verdict->outcome = ChainOutcome::kNotACa;
    verdict->detail = Name(path[i]) + " is not a CA";
    return;
  }
  const auto& usages = path[0].extended_key_usages();
  if (!policy.purpose_oid.empty() &&
      std::find(usages.begin(), usages.end(), policy.purpose_oid) == usages.end()) {
    verdict->outcome = ChainOutcome::kWrongPurpose;
    verdict->detail = fmt::format("{} is not made for {}", Name(path[0]), policy.purpose_oid);
  }
}

}  // namespace

std::string_view ToText(ChainOutcome outcome) {
  switch (outcome) {
    case ChainOutcome::kUntrusted:
      return "untrusted";
    case ChainOutcome::kTrusted:
      return "trusted";
    case ChainOutcome::kBadSignature:
      return "bad signature";
    case ChainOutcome::kExpired:
      return "expired";
    case ChainOutcome::kNotYetValid:
      return "not yet valid";
    case ChainOutcome::kNotACa:
      return "not a CA";
    case ChainOutcome::kWrongPurpose:
      return "wrong purpose";
    case ChainOutcome::kTooDeep:
      return "chain too deep";
    case ChainOutcome::kWeakCrypto:
      return "weak cryptography";
    case ChainOutcome::kBadCertificate:
      return "bad certificate";
  }
  return "unknown";
}

StatusOr<ChainVerdict> VerifyChain(const Certificate& leaf,
                                   const std::vector<Certificate>& intermediates,
                                   const std::vector<Certificate>& roots,
                                   const ChainPolicy& policy) {
  const auto untrusted = Stack(intermediates);
  const auto trusted = Stack(roots);
  const StoreContextOwner context(X509_STORE_CTX_new());
  if (!untrusted || !trusted || !context ||
      X509_STORE_CTX_init(context.get(), nullptr, leaf.handle(), untrusted.get()) != 1) {
    return openssl::Failure("set up chain verification");
  }
  X509_STORE_CTX_set0_trusted_stack(context.get(), trusted.get());
  RETURN_IF_ERROR(SetPolicy(policy, context.get()));
  const bool accepted = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  openssl::ClearErrors();
  if (error == X509_V_ERR_OUT_OF_MEM || (error == X509_V_OK) != accepted) {
    return Internal("chain verification broke off");
  }
  ChainVerdict verdict;
  verdict.outcome = ToOutcome(error);
  ASSIGN_OR_RETURN(verdict.chain, ReadPath(context.get()));
  if (accepted) {
    CheckPurposeAndCas(policy, &verdict);
    return verdict;
  }
  const auto at = static_cast<size_t>(std::max(0, X509_STORE_CTX_get_error_depth(context.get())));
  verdict.detail = fmt::format("{}: {}", Name(at < verdict.chain.size() ? verdict.chain[at] : leaf),
                               X509_verify_cert_error_string(error));
  return verdict;
}

}  // namespace preseal::crypto
