// SPDX-License-Identifier: MIT
#pragma once

// HTTP/1.1 on a listening socket, on our own loop: libmicrohttpd without threads. Collects a whole
// request, asks the handler once, and sends what it answers, at once or later: a document, or a
// stream of lines that the handler keeps feeding. Knows nothing of what the requests mean.

#include <microhttpd.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "egressd/connections.hpp"
#include "egressd/line_stream.hpp"
#include "uv/loop.hpp"

namespace egress::daemon {

struct HttpRequest {
  std::string method{};
  std::string path{};  // decoded, without the query
  std::map<std::string, std::string> query{};
  std::map<std::string, std::string> headers{};  // by their names in lower case
  std::string body{};
};

struct HttpResponse {
  unsigned status = 200;
  std::string body{};                     // JSON, or
  std::shared_ptr<LineStream> stream{};   // NDJSON, when set
  const char* type = "application/json";  // of the body
};

// To be called once, by the loop's thread; the client may have left by then. Who lets all copies go
// without a call had no memory for it, and the server says so.
using Respond = std::function<void(HttpResponse)>;
using HttpHandler = std::function<void(const HttpRequest&, Respond)>;

struct HttpLimits {
  size_t body = 0;    // bytes of one request's
  size_t bodies = 0;  // bytes of all that are not answered yet
  ConnectionLimits connections{};
};

// Of every answer, by their names.
using HttpHeaders = std::map<std::string, std::string>;

class HttpServer {
 public:
  // Takes the listening socket. `refuse` makes the answer to what never reaches the handler, or
  // ends there in an exception: a status and a sentence.
  using Refuse = std::function<HttpResponse(unsigned status, const std::string& why)>;
  static Result<std::unique_ptr<HttpServer>> start(uv::Loop& loop, const Clock& clock,
                                                   UniqueFd listener, const HttpLimits& limits,
                                                   HttpHeaders headers, HttpHandler handler,
                                                   Refuse refuse);
  ~HttpServer();  // ends streams; clients see them stop
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

 private:
  // Why a body is dropped instead of kept.
  enum class Excess { kNone, kOfThisBody, kOfAllBodies };
  struct Exchange;
  class PendingAnswer;
  struct StopDaemon {
    void operator()(MHD_Daemon* daemon) const { MHD_stop_daemon(daemon); }
  };

  HttpServer(const HttpLimits& limits, HttpHeaders headers, HttpHandler handler, Refuse refuse);
  void attach(uv::Loop& loop, const Clock& clock, UniqueFd listener);
  void admit(UniqueFd socket);
  void serve();
  MHD_Result take(MHD_Connection* connection, const char* url, const char* method, const char* data,
                  size_t* size, void** context);
  MHD_Result begin(MHD_Connection* connection, const char* url, const char* method, void** context);
  void collect(Exchange& exchange, const char* data, size_t size);
  void stop_counting(Exchange& exchange);
  Excess excess_of(size_t body, size_t more) const;
  HttpResponse refusal_of(Excess excess) const;
  HttpResponse stopping() const;
  void handle(Exchange& exchange);
  void give(Exchange& exchange, HttpResponse response);
  void give_up(Exchange& exchange);
  MHD_Result answer(MHD_Connection* connection, Exchange& exchange, const HttpResponse& response);

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url,
                               const char* method, const char* version, const char* data,
                               size_t* size, void** context);
  static void on_completed(void* self, MHD_Connection* connection, void** context,
                           MHD_RequestTerminationCode reason);
  static void on_connection(void* self, MHD_Connection* connection, void** context,
                            MHD_ConnectionNotificationCode what);

  HttpLimits limits_;
  HttpHeaders headers_;
  HttpHandler handler_;
  Refuse refuse_;
  size_t bytes_of_bodies_ = 0;
  bool stopping_ = false;  // what waits now would never be answered
  // By what libmicrohttpd has as the request's context.
  std::map<Exchange*, std::shared_ptr<Exchange>> exchanges_{};
  std::unique_ptr<Connections> connections_{};  // told of each end while the daemon stops
  std::unique_ptr<MHD_Daemon, StopDaemon> daemon_{};
  std::unique_ptr<uv::Poll> poll_{};
  std::unique_ptr<uv::Timer> timer_{};
};

}  // namespace egress::daemon
