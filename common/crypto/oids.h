// SPDX-License-Identifier: Apache-2.0
// Object identifiers in the certificates we issue and read.
//
// Our own arc grew from the UUID aa3cdcb1-e749-4397-9f9a-8003f0631359, cut into seven numbers
// below Microsoft's arc for self-assigned ids (their "oidgen" rule). The shorter 2.25.<UUID> was
// tried first: a 128-bit number makes GnuTLS refuse the whole certificate, and Go's parser as well.
#pragma once

namespace preseal::crypto {

// Extended key usages.
inline constexpr char kOidServerAuth[] = "1.3.6.1.5.5.7.3.1";
inline constexpr char kOidClientAuth[] = "1.3.6.1.5.5.7.3.2";
inline constexpr char kOidDocumentSigning[] = "1.3.6.1.5.5.7.3.36";  // RFC 9336
inline constexpr char kOidTcgEkCertificate[] = "2.23.133.8.1";

// subjectAltName otherNames of a device certificate.
inline constexpr char kOidPermanentIdentifier[] = "1.3.6.1.5.5.7.8.3";  // RFC 4043
inline constexpr char kOidHardwareModuleName[] = "1.3.6.1.5.5.7.8.4";   // RFC 4108
inline constexpr char kOidTcgTpm20[] = "2.23.133.1.2";                  // hwType
inline constexpr char kOidTcgEkPermIdSha256[] = "2.23.133.12.1";        // assigner

// Certificate policies of a device certificate.
inline constexpr char kOidTcgVerifiedTpmFixed[] = "2.23.133.11.1.2";

#define PRESEAL_OID_ARC "1.2.840.113556.1.8000.2554.43580.56497.59209.17303.40858.8389616.6493017"
// Trust models that passed.
inline constexpr char kOidTrustEkPub[] = PRESEAL_OID_ARC ".1.1";   // EK key on the order's list
inline constexpr char kOidTrustEkCert[] = PRESEAL_OID_ARC ".1.2";  // EK chains to a vendor's root
inline constexpr char kOidTrustToken[] = PRESEAL_OID_ARC ".1.3";   // order code, a person vouched
// What the holder must not be used for.
inline constexpr char kOidQuarantine[] = PRESEAL_OID_ARC ".1.8";  // only the quarantine profile
inline constexpr char kOidTrustLab[] = PRESEAL_OID_ARC ".1.9";    // through the lab root
// OCTET STRING of 32 bytes: SHA-256 of the evidence record the certificate rests on.
inline constexpr char kOidEvidenceSha256[] = PRESEAL_OID_ARC ".2.1";
// assigner of a permanentIdentifier: SHA-256 of the EK's SubjectPublicKeyInfo, where there is no EK
// certificate for the TCG's identifier to be the digest of.
inline constexpr char kOidEkKeyPermIdSha256[] = PRESEAL_OID_ARC ".3.1";
#undef PRESEAL_OID_ARC

}  // namespace preseal::crypto
