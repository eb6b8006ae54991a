// SPDX-License-Identifier: Apache-2.0
// Quotes and certify statements by themselves. The server accepts only statements of the keys its
// own agent makes (ECDSA P-256); here any signature counts that a sound key and hash can make.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/secret.h"
#include "common/tpmwire/attest.h"
#include "common/tpmwire/reader.h"
#include "common/tpmwire/signature.h"
#include "server/domain/lint/lint_parts.h"

namespace preseal::server {
namespace {

constexpr uint16_t kAttestCertifyCreation = 0x801A;  // TPM_ST_ATTEST_CREATION
constexpr uint16_t kSha256Bank = static_cast<uint16_t>(tpmwire::HashAlg::kSha256);

// The two kinds are judged alike, under their own codes and numbers.
struct Codes {
  int group;  // 700 or 800, as the server numbers them
  RefusalCode signature, magic, type, malformed, nonce;
};
constexpr Codes kQuoteCodes = {800,
                               RefusalCode::kQuoteSignature,
                               RefusalCode::kQuoteMagic,
                               RefusalCode::kQuoteType,
                               RefusalCode::kQuoteMalformed,
                               RefusalCode::kQuoteNonce};
constexpr Codes kCertifyCodes = {700,
                                 RefusalCode::kCertifySignature,
                                 RefusalCode::kCertifyMagic,
                                 RefusalCode::kCertifyType,
                                 RefusalCode::kCertifyMalformed,
                                 RefusalCode::kCertifyNonce};

// TPM2B_ATTEST: a length, then what begins as an attest. TPMS_ATTEST begins with its magic.
bool IsSized(ByteView bytes) {
  tpmwire::Reader reader(bytes);
  const auto header = tpmwire::PeekAttest(bytes);
  if (header.ok() && header->magic == tpmwire::kTpmGenerated) return false;
  const auto size = reader.U16("size");
  if (!size.ok()) return false;
  const auto inner = tpmwire::PeekAttest(bytes.subspan(2));
  return inner.ok() && (inner->magic == tpmwire::kTpmGenerated || *size == reader.remaining());
}

class AttestLint {
 public:
  explicit AttestLint(const LintStatement& statement) : statement_(statement) {
    sized_ = IsSized(statement.attest);
    attest_ = sized_ ? statement.attest.subspan(2) : statement.attest;
    const auto header = tpmwire::PeekAttest(attest_);
    if (header.ok()) header_ = *header;
    const bool certify =
        header_.type == tpmwire::kAttestCertify || header_.type == kAttestCertifyCreation;
    codes_ = certify ? &kCertifyCodes : &kQuoteCodes;
    result_.kind = certify ? LintKind::kCertify : LintKind::kQuote;
  }

  LintResult Run() {
    Signature();
    if (sized_ && !LengthFits()) return std::move(result_);
    if (Magic() && Type() && Parses()) {
      Nonce();
      if (const auto* quote = parsed_.quote()) Quote(*quote);
      if (const auto* certify = parsed_.certify()) Certify(*certify);
      if (!parsed_.clock.safe) {
        Refuse(10, "TPM clock is safe", RefusalCode::kQuoteClockUnsafe, "safe = NO", "safe = YES");
      }
    }
    return std::move(result_);
  }

 private:
  void Refuse(int number, std::string_view check, RefusalCode code, std::string_view seen,
              std::string_view expected) {
    findings_.Refuse(codes_->group + number, check, code, LintText(seen), expected);
  }

  void Signature() {
    constexpr std::string_view kCheck = "signature is the signer's";
    if (statement_.signature.empty()) {
      return findings_.Remark(codes_->group + 1, kCheck, "no signature beside it",
                              "a TPMT_SIGNATURE", codes_->signature);
    }
    const auto signature = tpmwire::ParseSignature(statement_.signature);
    if (!signature.ok()) {
      return Refuse(1, kCheck, codes_->signature, MessageOf(signature.status()),
                    "a TPMT_SIGNATURE of ECDSA or RSASSA");
    }
    if (signature->hash == tpmwire::HashAlg::kSha1) {
      return Refuse(1, kCheck, codes_->signature, "a signature over SHA-1", "SHA-256 or stronger");
    }
    if (!statement_.key) {
      return findings_.Remark(codes_->group + 1, kCheck, "no key to verify with",
                              "the signer's public key", codes_->signature, "Name it with --key.");
    }
    if (!tpmwire::VerifySignature(*statement_.key, attest_, *signature)) {
      Refuse(1, kCheck, codes_->signature, "a signature that does not verify",
             "a signature by the key");
    }
  }

  bool LengthFits() {
    tpmwire::Reader reader(statement_.attest);
    const auto size = reader.U16("size");
    if (size.ok() && *size == reader.remaining()) return true;
    Refuse(4, "statement parses", codes_->malformed,
           fmt::format("a length of {} before {} bytes", size.value_or(0), reader.remaining()),
           "the length of what follows");
    return false;
  }

  bool Magic() {
    if (header_.magic == tpmwire::kTpmGenerated) return true;
    if (attest_.size() < sizeof(uint32_t) + sizeof(uint16_t)) {
      Refuse(4, "statement parses", codes_->malformed, fmt::format("{} bytes", attest_.size()),
             "a TPMS_ATTEST");
      return false;
    }
    Refuse(2, "statement was made by a TPM", codes_->magic, fmt::format("{:08X}", header_.magic),
           "FF544347");
    return false;
  }

  bool Type() {
    if (header_.type == tpmwire::kAttestQuote || header_.type == tpmwire::kAttestCertify) {
      return true;
    }
    Refuse(3, "statement is a quote or a certify statement", codes_->type,
           fmt::format("{:04X}", header_.type), "8018 or 8017");
    return false;
  }

  bool Parses() {
    auto parsed = tpmwire::ParseAttest(attest_);
    if (!parsed.ok()) {
      Refuse(4, "statement parses", codes_->malformed, MessageOf(parsed.status()), "a TPMS_ATTEST");
      return false;
    }
    parsed_ = std::move(*parsed);
    return true;
  }

  void Nonce() {
    constexpr std::string_view kCheck = "statement is of this session";
    const std::string seen = ToHex(parsed_.extra_data);
    if (seen.empty()) {
      // It may be any old one.
      return Refuse(5, kCheck, codes_->nonce, "empty", "a fresh nonce");
    }
    if (!statement_.nonce) {
      return findings_.Remark(codes_->group + 5, kCheck, seen, "the nonce of its session",
                              codes_->nonce, "Compare it with the session's record.");
    }
    if (!ConstantTimeEqual(parsed_.extra_data, *statement_.nonce)) {
      Refuse(5, kCheck, codes_->nonce, seen, LintText(ToHex(*statement_.nonce)));
    }
  }

  void Quote(const tpmwire::QuoteInfo& quote) {
    const std::string shown = tpmwire::DescribeSelections(quote.selections);
    const auto twice = [&](const tpmwire::PcrSelection& selection) {
      return std::count_if(quote.selections.begin(), quote.selections.end(), [&](const auto& s) {
               return s.hash_algorithm == selection.hash_algorithm;
             }) > 1;
    };
    if (std::any_of(quote.selections.begin(), quote.selections.end(), twice)) {
      Refuse(7, "quote covers each bank once", RefusalCode::kQuoteSelection, shown,
             "each bank once");
    }
    const auto is_sha256 = [](const tpmwire::PcrSelection& selection) {
      return selection.hash_algorithm == kSha256Bank && !selection.empty();
    };
    if (std::none_of(quote.selections.begin(), quote.selections.end(), is_sha256)) {
      Refuse(8, "quote covers the SHA-256 bank", RefusalCode::kQuoteNoSha256,
             shown.empty() ? "no selection" : shown, "PCRs of SHA-256");
    }
    PcrDigest(quote);
  }

  // With the hash of the signature's scheme.
  void PcrDigest(const tpmwire::QuoteInfo& quote) {
    constexpr std::string_view kCheck = "PCR values are the quoted ones";
    const auto signature = tpmwire::ParseSignature(statement_.signature);
    const auto hash = signature.ok() ? signature->hash : tpmwire::HashAlg::kSha256;
    if (signature.ok() && quote.pcr_digest.size() != tpmwire::DigestSize(hash)) {
      return Refuse(9, kCheck, RefusalCode::kPcrDigest,
                    fmt::format("a digest of {} bytes", quote.pcr_digest.size()),
                    fmt::format("{} bytes, as signed", tpmwire::DigestSize(hash)));
    }
    if (statement_.pcrs.empty()) return;  // nobody claims any values
    const auto digest = tpmwire::PcrDigest(hash, quote.selections, statement_.pcrs);
    if (!digest.ok()) {
      Refuse(9, kCheck, RefusalCode::kPcrDigest, MessageOf(digest.status()),
             "one value for each quoted PCR");
    } else if (*digest != quote.pcr_digest) {
      Refuse(9, kCheck, RefusalCode::kPcrDigest, ToHex(*digest), ToHex(quote.pcr_digest));
    }
  }

  void Certify(const tpmwire::CertifyInfo& certify) {
    constexpr std::string_view kCheck = "certify statement names the key";
    const Bytes& name = certify.name;
    // nameAlg and its digest; names of SHA-1 can be made to collide.
    const auto hash = name.size() > 2
                          ? tpmwire::ToHashAlg(static_cast<uint16_t>(name[0] << 8 | name[1]))
                          : std::nullopt;
    if (!hash || *hash == tpmwire::HashAlg::kSha1 ||
        name.size() != 2 + tpmwire::DigestSize(*hash)) {
      return Refuse(6, kCheck, RefusalCode::kCertifyName, name.empty() ? "none" : ToHex(name),
                    "a Name of SHA-256 or stronger");
    }
    if (statement_.name && *statement_.name != name) {
      Refuse(6, kCheck, RefusalCode::kCertifyName, ToHex(name), ToHex(*statement_.name));
    }
  }

  const LintStatement& statement_;
  ByteView attest_;
  bool sized_ = false;
  tpmwire::AttestHeader header_;
  tpmwire::Attest parsed_;
  const Codes* codes_ = &kQuoteCodes;
  LintResult result_;
  LintFindings findings_{result_};
};

}  // namespace

LintResult LintAttest(const LintStatement& statement) { return AttestLint(statement).Run(); }

}  // namespace preseal::server
