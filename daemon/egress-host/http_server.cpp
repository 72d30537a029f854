// SPDX-License-Identifier: MIT
#include "egress-host/http_server.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "tls/x509.hpp"

namespace egress::host {
namespace {

constexpr int kBacklog = 4096;
constexpr int kBatch = 64;  // connections per wake-up
constexpr unsigned kIdleSeconds = 60;
constexpr int kNoCertificate = -1;

// By which the client asks; empty when it says none.
std::string server_name_of(gnutls_session_t session) {
  std::array<char, 256> name{};
  size_t size = name.size();
  unsigned type = 0;
  if (gnutls_server_name_get(session, name.data(), &size, &type, 0) < 0) return {};
  return type == GNUTLS_NAME_DNS ? std::string(name.data()) : std::string();
}

Ipv4Address local_address_of(gnutls_session_t session) {
  sockaddr_in local{};
  socklen_t size = sizeof local;
  ::getsockname(gnutls_transport_get_int(session), reinterpret_cast<sockaddr*>(&local), &size);
  return {ntohl(local.sin_addr.s_addr)};
}

int give(const std::string& certificate, const std::string& key, gnutls_pcert_st** certificates,
         gnutls_privkey_t* key_given) {
  auto* const given = static_cast<gnutls_pcert_st*>(gnutls_malloc(sizeof(gnutls_pcert_st)));
  if (given == nullptr) return kNoCertificate;
  const gnutls_datum_t certificate_text = tls::datum_of(certificate);
  if (gnutls_pcert_import_x509_raw(given, &certificate_text, GNUTLS_X509_FMT_DER, 0) < 0) {
    gnutls_free(given);
    return kNoCertificate;
  }
  const gnutls_datum_t key_text = tls::datum_of(key);
  if (gnutls_privkey_init(key_given) < 0 ||
      gnutls_privkey_import_x509_raw(*key_given, &key_text, GNUTLS_X509_FMT_DER, nullptr, 0) < 0) {
    gnutls_pcert_deinit(given);
    gnutls_free(given);
    return kNoCertificate;
  }
  *certificates = given;
  return 0;
}

// As add() has said it; 0 of none.
uint32_t client_of(MHD_Connection* connection) {
  const auto* const info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (info == nullptr || info->client_addr == nullptr) return 0;
  sockaddr_in client{};
  std::memcpy(&client, info->client_addr, sizeof client);
  return client.sin_addr.s_addr;
}

}  // namespace

void HttpRoom::wake_waiting() {
  for (HttpServer* server : std::exchange(waiting_, {})) {
    if (server->is_full()) {
      waiting_.insert(server);
    } else {
      server->arrivals_->start();
    }
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::make(uv::Loop& loop, HttpRoom& room,
                                                     const Speaker& speaker,
                                                     Certificates* certificates) {
  std::unique_ptr<HttpServer> server(new HttpServer(loop, room, speaker, certificates));
  RETURN_IF_ERROR(server->start());
  return server;
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(uv::Loop& loop, HttpRoom& room,
                                                       const Speaker& speaker, Port port,
                                                       UniqueFd fd) {
  if (::listen(fd.get(), kBacklog) < 0) return Error::from_errno("listen on " + port.to_string());
  ASSIGN_OR_RETURN(std::unique_ptr<HttpServer> server, make(loop, room, speaker));
  HttpServer& self = *server;
  self.socket_ = std::move(fd);
  self.arrivals_.emplace(loop, self.socket_.get(), [&self] { self.accept_some(); });
  self.arrivals_->start();
  return server;
}

HttpServer::HttpServer(uv::Loop& loop, HttpRoom& room, const Speaker& speaker,
                       Certificates* certificates)
    : loop_(loop), room_(room), speaker_(speaker), certificates_(certificates) {
  ++room_.servers_;
}

HttpServer::~HttpServer() {
  --room_.servers_;
  arrivals_.reset();
  room_.waiting_.erase(this);
  events_.reset();
  if (http_ != nullptr) MHD_stop_daemon(http_);
  room_.wake_waiting();
}

Status HttpServer::start() {
  const auto limit = static_cast<unsigned>(room_.connection_limit_);
  const unsigned with_tls = certificates_ == nullptr ? 0U : static_cast<unsigned>(MHD_USE_TLS);
  // The last option is one of HTTPS alone.
  http_ = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | with_tls, 0, nullptr, nullptr,
      &HttpServer::respond, this, MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_TIMEOUT,
      kIdleSeconds, MHD_OPTION_NOTIFY_CONNECTION, &HttpServer::count, this,
      certificates_ == nullptr ? MHD_OPTION_END : MHD_OPTION_HTTPS_CERT_CALLBACK2,
      &HttpServer::show_certificate, MHD_OPTION_END);
  if (http_ == nullptr) {
    return Error{.code = Errc::kKernel, .message = "libmicrohttpd cannot serve HTTP"};
  }
  const auto* const info = MHD_get_daemon_info(http_, MHD_DAEMON_INFO_EPOLL_FD);
  EG_CHECK(info != nullptr, "an epoll server has an epoll descriptor");
  timer_.emplace(loop_, [this] { run(); });
  events_.emplace(loop_, info->epoll_fd, [this] { run(); });
  events_->start();
  return {};
}

void HttpServer::accept_some() {
  for (int taken = 0; taken < kBatch && !is_full(); ++taken) {
    UniqueFd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!connection.valid()) {
      if (errno == EMFILE || errno == ENFILE) wait_for_room();
      break;
    }
    add(std::move(connection));
  }
  if (is_full()) wait_for_room();
  run();
}

void HttpServer::wait_for_room() {
  arrivals_->stop();
  room_.waiting_.insert(this);
}

void HttpServer::take(UniqueFd connection) {
  if (is_full()) return;
  add(std::move(connection));
  run();
}

// One who only begins requests would keep all others out.
bool HttpServer::is_crowded_by(uint32_t client) const {
  const auto known = by_client_.find(client);
  const size_t share = room_.share();
  return known != by_client_.end() && connections_ > share / 2 && known->second > share / 4;
}

void HttpServer::add(UniqueFd connection) {
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(connection.get(), reinterpret_cast<sockaddr*>(&peer), &size) < 0) return;
  if (is_crowded_by(peer.sin_addr.s_addr)) return;
  // It closes what it cannot serve.
  (void)MHD_add_connection(http_, connection.release(), reinterpret_cast<sockaddr*>(&peer), size);
}

void HttpServer::run() {
  MHD_run(http_);
  MHD_UNSIGNED_LONG_LONG wait_ms = 0;
  if (MHD_get_timeout(http_, &wait_ms) != MHD_YES) {
    timer_->stop();
    return;
  }
  timer_->start(std::chrono::milliseconds(wait_ms));
}

// GnuTLS is given copies of its own, which it releases: what is kept may go meanwhile.
int HttpServer::show_certificate(gnutls_session_t session, const gnutls_cert_retr_st* /*asked*/,
                                 gnutls_pcert_st** certificates, unsigned* size,
                                 gnutls_ocsp_data_st** ocsp, unsigned* ocsp_size,
                                 gnutls_privkey_t* key, unsigned* flags) {
  // libmicrohttpd leaves its connection there.
  auto* const connection = static_cast<MHD_Connection*>(gnutls_session_get_ptr(session));
  const auto* const info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  if (info == nullptr || info->socket_context == nullptr) return kNoCertificate;
  const auto& self = *static_cast<const HttpServer*>(info->socket_context);
  const std::string* const shown = self.certificates_->certificate_for(
      self.speaker_.served, server_name_of(session), local_address_of(session));
  if (shown == nullptr) return kNoCertificate;
  *ocsp = nullptr;
  *ocsp_size = 0;
  *size = 1;
  *flags = GNUTLS_CERT_RETR_DEINIT_ALL;
  return give(*shown, self.certificates_->key(), certificates, key);
}

void HttpServer::count(void* self, MHD_Connection* connection, void** context,
                       MHD_ConnectionNotificationCode what) {
  auto& server = *static_cast<HttpServer*>(self);
  const uint32_t client = client_of(connection);
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    *context = self;
    ++server.connections_;
    ++server.by_client_[client];
    return;
  }
  --server.connections_;
  if (const auto known = server.by_client_.find(client); known != server.by_client_.end()) {
    if (--known->second == 0) server.by_client_.erase(known);
  }
  server.room_.wake_waiting();
}

MHD_Result HttpServer::respond(void* self, MHD_Connection* connection, const char*, const char*,
                               const char*, const char*, size_t* upload_size, void** request) {
  // The first call has the header only, later ones bring the body, which nobody wants; the last
  // one, without data, is the time to answer.
  if (*request == nullptr) {
    *request = self;
    return MHD_YES;
  }
  if (*upload_size != 0) {
    *upload_size = 0;
    return MHD_YES;
  }
  const auto* const socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  const auto reply = socket == nullptr
                         ? std::nullopt
                         : reply_line(static_cast<HttpServer*>(self)->speaker_, socket->connect_fd);
  if (!reply) return MHD_NO;
  MHD_Response* const response = MHD_create_response_from_buffer(
      reply->text.size(), const_cast<char*>(reply->text.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
  const MHD_Result queued =
      MHD_queue_response(connection, reply->refused ? MHD_HTTP_FORBIDDEN : MHD_HTTP_OK, response);
  MHD_destroy_response(response);
  return queued;
}

}  // namespace egress::host
