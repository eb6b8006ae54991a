// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/oidc/https_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

long ToMillis(std::chrono::milliseconds time) { return static_cast<long>(time.count()); }

// Bytes that are not letters, digits, "-", ".", "_" or "~" become %XX.
std::string FormEncode(std::string_view text) {
  static constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

// A visible ASCII text cannot end its header line.
bool FitsHeader(std::string_view text) {
  return text.size() <= kHttpHeaderBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

class Request {
 public:
  Request(const char* verb, const std::string& url, const std::string& ca_file)
      : verb_(verb), url_(url), handle_(curl_easy_init()) {
    if (!handle_) return;
    Set(CURLOPT_URL, url_.c_str());
    Set(CURLOPT_PROTOCOLS_STR, "https");
    Set(CURLOPT_FOLLOWLOCATION, 0L);
    Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    Set(CURLOPT_SSL_VERIFYPEER, 1L);
    Set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!ca_file.empty()) {
      Set(CURLOPT_CAINFO, ca_file.c_str());
      Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    // Many threads: no signals for time limits.
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_CONNECTTIMEOUT_MS, ToMillis(kSignInConnectWithin));
    Set(CURLOPT_TIMEOUT_MS, ToMillis(kSignInRequestWithin));
    Set(CURLOPT_ERRORBUFFER, error_);
    Set(CURLOPT_WRITEFUNCTION, &Request::Take);
    Set(CURLOPT_WRITEDATA, this);
    Header("Accept: application/json");
  }

  void Header(const std::string& line) {
    curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) {
      setup_ = CURLE_OUT_OF_MEMORY;
      return;
    }
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  }

  void Body(const HttpsForm& form) {
    for (const auto& [name, value] : form) {
      if (!body_.empty()) body_ += '&';
      body_ += FormEncode(name) + '=' + FormEncode(value);
    }
    Set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
    Set(CURLOPT_POSTFIELDS, body_.c_str());
  }

  void Login(const BasicLogin& login) {
    Set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    Set(CURLOPT_USERNAME, FormEncode(login.name).c_str());
    Set(CURLOPT_PASSWORD, FormEncode(AsText(login.password.Reveal())).c_str());
  }

  StatusOr<HttpsAnswer> Perform() {
    if (!handle_) return Internal("libcurl gives no handle");
    Set(CURLOPT_HTTPHEADER, headers_.get());
    if (setup_ != CURLE_OK) return Failed(Internal(curl_easy_strerror(setup_)));
    const CURLcode code = curl_easy_perform(handle_.get());
    if (too_long_) {
      return Failed(
          Unavailable(fmt::format("the answer is longer than {} bytes", kSignInAnswerBytesMax)));
    }
    if (code != CURLE_OK) {
      return Failed(Unavailable(error_[0] != '\0' ? error_ : curl_easy_strerror(code)));
    }
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &answer_.code);
    return std::move(answer_);
  }

 private:
  template <typename T>
  void Set(CURLoption option, T value) {
    const CURLcode code = curl_easy_setopt(handle_.get(), option, value);
    // The first failure counts: a check that could not be switched on must stop the request.
    if (setup_ == CURLE_OK) setup_ = code;
  }

  Status Failed(const Status& status) const {
    return WithContext(status, fmt::format("{} {}", verb_, url_));
  }

  static size_t Take(char* data, size_t size, size_t count, void* request) noexcept {
    auto* const self = static_cast<Request*>(request);
    const size_t bytes = size * count;
    if (self->answer_.body.size() + bytes > kSignInAnswerBytesMax) {
      self->too_long_ = true;
      return 0;
    }
    self->answer_.body.append(data, bytes);
    return bytes;
  }

  const char* const verb_;
  const std::string url_;
  std::string body_;
  HttpsAnswer answer_;
  bool too_long_ = false;
  char error_[CURL_ERROR_SIZE] = {};
  CURLcode setup_ = CURLE_OK;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::unique_ptr<CURL, FreeHandle> handle_;
};

}  // namespace

StatusOr<HttpsClient> HttpsClient::Open(const std::filesystem::path& ca_file) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) return FailedPrecondition(curl_easy_strerror(started));
  const curl_version_info_data* const about = curl_version_info(CURLVERSION_NOW);
  if ((about->features & CURL_VERSION_SSL) == 0) {
    return FailedPrecondition("this libcurl was built without TLS");
  }
  return HttpsClient(ca_file.native());
}

StatusOr<HttpsAnswer> HttpsClient::Get(const std::string& url) const {
  return Request("GET", url, ca_file_).Perform();
}

StatusOr<HttpsAnswer> HttpsClient::GetAs(const std::string& url, const std::string& bearer) const {
  if (!FitsHeader(bearer)) return InvalidArgument("the access token does not fit into a header");
  Request request("GET", url, ca_file_);
  request.Header("Authorization: Bearer " + bearer);
  return request.Perform();
}

StatusOr<HttpsAnswer> HttpsClient::Post(const std::string& url, const HttpsForm& form,
                                        const BasicLogin* login) const {
  Request request("POST", url, ca_file_);
  request.Body(form);
  if (login != nullptr) request.Login(*login);
  return request.Perform();
}

}  // namespace preseal::server
