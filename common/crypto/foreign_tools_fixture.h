// SPDX-License-Identifier: Apache-2.0
// For tests that ask programs nobody here wrote: OpenSSL's and GnuTLS's command lines.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "common/crypto/certificate.h"

namespace preseal::crypto::test {

class ForeignTools {
 public:
  ForeignTools() {
    char name[] = "/tmp/preseal-tools-XXXXXX";
    EXPECT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  ~ForeignTools() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  ForeignTools(const ForeignTools&) = delete;
  ForeignTools& operator=(const ForeignTools&) = delete;

  void Write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  // Exit status of a shell command in the folder; what it printed is in output().
  int Run(const std::string& command) {
    const std::string line =
        "cd " + folder_.string() + " && " + command + " >output 2>&1 </dev/null";
    const int status = std::system(line.c_str());
    std::ifstream in(folder_ / "output");
    std::ostringstream text;
    text << in.rdbuf();
    output_ = text.str();
    return status;
  }
  const std::string& output() const { return output_; }

  // Whether each accepts `leaf` under `ca`: OpenSSL with `options` of `openssl verify` and on
  // 2026-11-22, when pki_fixture.h lives; GnuTLS, whose tool takes no time, today.
  bool OpensslAccepts(const Certificate& leaf, const Certificate& ca, const std::string& options) {
    WritePair(leaf, ca);
    return Run("openssl verify -x509_strict -check_ss_sig -attime 1795305600 " + options +
               " -CAfile ca.pem leaf.pem") == 0;
  }
  bool GnutlsAccepts(const Certificate& leaf, const Certificate& ca) {
    WritePair(leaf, ca);
    return Run("certtool --verify --load-ca-certificate ca.pem --infile leaf.pem") == 0;
  }
  bool HasGnutls() { return Run("certtool --version") == 0; }

 private:
  void WritePair(const Certificate& leaf, const Certificate& ca) {
    Write("ca.pem", ca.ToPem());
    Write("leaf.pem", leaf.ToPem());
  }
  std::filesystem::path folder_;
  std::string output_;
};

}  // namespace preseal::crypto::test
