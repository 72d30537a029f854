// SPDX-License-Identifier: MIT
#pragma once

// TCP port 80: any HTTP request is answered with what arrived, as JSON. libmicrohttpd speaks the
// protocol; its epoll descriptor and its time-outs are watched by the loop, without a thread.

#include <microhttpd.h>

#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "egress-host/reply.hpp"
#include "uv/loop.hpp"

namespace egress::host {

class HttpServer {
 public:
  // On a bound_socket(). `speaker` is borrowed and may change.
  static Result<std::unique_ptr<HttpServer>> listen(uv::Loop& loop, const Speaker& speaker,
                                                    Port port, UniqueFd fd,
                                                    unsigned connection_limit);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

 private:
  explicit HttpServer(const Speaker& speaker) : speaker_(speaker) {}
  void watch(uv::Loop& loop);
  void run();
  static MHD_Result respond(void* self, MHD_Connection* connection, const char* url,
                            const char* method, const char* version, const char* upload,
                            size_t* upload_size, void** request);

  const Speaker& speaker_;
  MHD_Daemon* http_ = nullptr;
  std::optional<uv::Poll> poll_{};
  std::optional<uv::Timer> timer_{};
};

}  // namespace egress::host
