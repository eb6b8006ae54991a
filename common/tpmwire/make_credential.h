// SPDX-License-Identifier: Apache-2.0
// TPM2_MakeCredential in software (TPM 2.0 Library, Part 1, "Credential Protection"): encrypts a
// secret so that only the TPM holding this EK, with this AK loaded, can open it. Pure: the
// randomness is an argument, so that stored evidence can be recomputed byte for byte.
#pragma once

#include "common/base/bytes.h"
#include "common/status/status.h"
#include "common/tpmwire/public_area.h"

namespace preseal::tpmwire {

struct MadeCredential {
  Bytes credential_blob;   // TPM2B_ID_OBJECT
  Bytes encrypted_secret;  // TPM2B_ENCRYPTED_SECRET
};

// How many random bytes MakeCredential takes for this EK.
size_t CredentialRandomBytes(const PublicArea& ek);

//   ek       RSA-2048 (OAEP), P-256 or P-384 (one-pass ECDH), restricted decryption key with
//            AES-CFB; whoever calls has established trust in it
//   ak_name  NameOf the AK: the TPM refuses to open it for any other
//   secret   1 .. digest size of the EK's name algorithm
//   random   CredentialRandomBytes(ek) bytes, fresh and secret
// InvalidArgument: another kind of EK, a point off its curve, a wrong size.
StatusOr<MadeCredential> MakeCredential(const PublicArea& ek, ByteView ak_name, ByteView secret,
                                        ByteView random);

}  // namespace preseal::tpmwire
