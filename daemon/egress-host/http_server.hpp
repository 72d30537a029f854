// SPDX-License-Identifier: MIT
#pragma once

// HTTP, and HTTPS: any request is answered with what arrived, as JSON. libmicrohttpd speaks the
// protocol, GnuTLS what is around it; their epoll descriptor and time-outs, which handshakes that
// are never finished meet too, are watched by the loop, without a thread. Beyond the limits new
// connections wait in the kernel's queue until another ends; a client that has much of what is left
// to all gets no more.

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "base/result.hpp"
#include "egress-host/certificates.hpp"
#include "egress-host/reply.hpp"
#include "uv/loop.hpp"

namespace egress::host {

class HttpServer;

// What the servers of all ports and namespaces share. It must outlive them.
class HttpRoom {
 public:
  explicit HttpRoom(size_t connection_limit) : connection_limit_(connection_limit) {}
  HttpRoom(const HttpRoom&) = delete;
  HttpRoom& operator=(const HttpRoom&) = delete;

 private:
  friend class HttpServer;
  // What one server may take, so that no network's clients leave nothing for another's.
  size_t share() const {
    return std::max<size_t>(1, connection_limit_ / std::max<size_t>(1, servers_));
  }
  // Those that had to stop taking connections look again.
  void wake_waiting();

  size_t connection_limit_;
  size_t servers_ = 0;
  std::set<HttpServer*> waiting_{};
};

class HttpServer {
 public:
  // Takes what it is given. `speaker` is borrowed and may change; so are `certificates`, with which
  // it is an HTTPS server, and which may be null.
  static Result<std::unique_ptr<HttpServer>> make(uv::Loop& loop, HttpRoom& room,
                                                  const Speaker& speaker,
                                                  Certificates* certificates = nullptr);
  // And what comes to a bound_socket().
  static Result<std::unique_ptr<HttpServer>> listen(uv::Loop& loop, HttpRoom& room,
                                                    const Speaker& speaker, Port port, UniqueFd fd);
  ~HttpServer();  // ends its connections
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // A connection on which a request has come or will come. It ends when there is no room.
  void take(UniqueFd connection);
  // -1 without one.
  int socket() const { return socket_.get(); }
  bool has_certificates() const { return certificates_ != nullptr && certificates_->ready(); }

 private:
  friend class HttpRoom;
  HttpServer(uv::Loop& loop, HttpRoom& room, const Speaker& speaker, Certificates* certificates);
  Status start();
  bool is_full() const { return connections_ >= room_.share(); }
  bool is_crowded_by(uint32_t client) const;
  void accept_some();
  void wait_for_room();
  void add(UniqueFd connection);
  void run();
  static int show_certificate(gnutls_session_t session, const gnutls_cert_retr_st* asked,
                              gnutls_pcert_st** certificates, unsigned* size,
                              gnutls_ocsp_data_st** ocsp, unsigned* ocsp_size,
                              gnutls_privkey_t* key, unsigned* flags);
  static void count(void* self, MHD_Connection* connection, void** context,
                    MHD_ConnectionNotificationCode what);
  static MHD_Result respond(void* self, MHD_Connection* connection, const char* url,
                            const char* method, const char* version, const char* upload,
                            size_t* upload_size, void** request);

  uv::Loop& loop_;
  HttpRoom& room_;
  const Speaker& speaker_;
  Certificates* certificates_;
  size_t connections_ = 0;
  std::map<uint32_t, size_t> by_client_{};  // connections, by the client's address
  MHD_Daemon* http_ = nullptr;
  std::optional<uv::Poll> events_{};
  std::optional<uv::Timer> timer_{};
  UniqueFd socket_{};
  std::optional<uv::Poll> arrivals_{};  // at the socket
};

}  // namespace egress::host
