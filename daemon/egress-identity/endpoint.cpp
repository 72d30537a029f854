// SPDX-License-Identifier: MIT
#include "egress-identity/endpoint.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "kernel/netns_scope.hpp"

namespace egress::identity {
namespace {

constexpr int kBacklog = 64;
constexpr unsigned kMostConnections = 64;
constexpr size_t kMostMemory = 8 * 1024;  // of a connection: its request
constexpr unsigned kIdleSeconds = 10;

Result<UniqueFd> listening_socket(Ipv4Address address, uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(address.bits);
  const int on = 1;
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) < 0 ||
      ::listen(fd.get(), kBacklog) < 0) {
    return Error::from_errno(fmt::format("listen on {}:{}", address.to_string(), port));
  }
  return fd;
}

std::optional<std::string> value_of(MHD_Connection* connection, MHD_ValueKind kind,
                                    const char* name) {
  const char* const value = MHD_lookup_connection_value(connection, kind, name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Asked asked_by(MHD_Connection* connection, const char* url, const char* method) {
  return {.method = method,
          .path = url,
          .api_version = value_of(connection, MHD_GET_ARGUMENT_KIND, "api-version"),
          .resource = value_of(connection, MHD_GET_ARGUMENT_KIND, "resource"),
          .identity_header = value_of(connection, MHD_HEADER_KIND, "X-IDENTITY-HEADER"),
          .secret = value_of(connection, MHD_HEADER_KIND, "secret")};
}

MHD_Result send(MHD_Connection* connection, const TokenAnswer& answer) {
  MHD_Response* const response = MHD_create_response_from_buffer(
      answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
  const MHD_Result queued = MHD_queue_response(connection, answer.status, response);
  MHD_destroy_response(response);
  return queued;
}

}  // namespace

// From its header to its end.
struct Endpoint::Request {
  MHD_Connection* connection = nullptr;
  std::shared_ptr<AuthorityCall> call{};
  std::optional<TokenAnswer> answer{};
};

Result<std::unique_ptr<Endpoint>> Endpoint::open(Surroundings& surroundings,
                                                 settings::IdentityEndpoint settings, int netns) {
  ASSIGN_OR_RETURN(UniqueFd socket, kernel::open_inside(netns, [&] {
                     return listening_socket(settings.address, settings.port);
                   }));
  std::unique_ptr<Endpoint> endpoint(new Endpoint(surroundings, std::move(settings)));
  RETURN_IF_ERROR(endpoint->start(std::move(socket)));
  return endpoint;
}

Endpoint::Endpoint(Surroundings& surroundings, settings::IdentityEndpoint settings)
    : surroundings_(surroundings), settings_(std::move(settings)) {}

Endpoint::~Endpoint() {
  events_.reset();
  // libmicrohttpd ends none that is suspended.
  for (Request* request : waiting_) {
    request->call.reset();
    MHD_resume_connection(request->connection);
  }
  if (http_ != nullptr) MHD_stop_daemon(http_);
}

Status Endpoint::start(UniqueFd socket) {
  http_ = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr, &Endpoint::respond, this,
      MHD_OPTION_LISTEN_SOCKET, socket.get(), MHD_OPTION_CONNECTION_LIMIT, kMostConnections,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMostMemory, MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds,
      MHD_OPTION_NOTIFY_COMPLETED, &Endpoint::complete, this, MHD_OPTION_END);
  if (http_ == nullptr) {
    return Error{.code = Errc::kKernel, .message = "libmicrohttpd cannot serve HTTP"};
  }
  (void)socket.release();  // libmicrohttpd's own
  const auto* const info = MHD_get_daemon_info(http_, MHD_DAEMON_INFO_EPOLL_FD);
  EG_CHECK(info != nullptr, "an epoll server has an epoll descriptor");
  timer_.emplace(surroundings_.loop, [this] { run(); });
  events_.emplace(surroundings_.loop, info->epoll_fd, [this] { run(); });
  events_->start();
  return {};
}

void Endpoint::run() {
  MHD_run(http_);
  MHD_UNSIGNED_LONG_LONG wait_ms = 0;
  if (MHD_get_timeout(http_, &wait_ms) != MHD_YES) {
    timer_->stop();
    return;
  }
  timer_->start(std::chrono::milliseconds(wait_ms));
}

const settings::IdentityApp* Endpoint::app_of(MHD_Connection& connection) const {
  const auto* const info = MHD_get_connection_info(&connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (info == nullptr) return nullptr;
  const auto* const peer = reinterpret_cast<const sockaddr_in*>(info->client_addr);
  const Ipv4Address address{ntohl(peer->sin_addr.s_addr)};
  const auto& apps = settings_.apps;
  const auto app = std::find_if(apps.begin(), apps.end(),
                                [&](const auto& each) { return each.address == address; });
  return app == apps.end() ? nullptr : &*app;
}

void Endpoint::follow_lane(const std::string& from, const std::string& to) {
  for (settings::IdentityApp& app : settings_.apps) {
    if (app.lane == from) app.lane = to;
  }
}

void Endpoint::decide(Request& request, const Asked& asked) {
  const settings::IdentityApp* const app = app_of(*request.connection);
  request.answer = refusal_of(asked, app);
  if (request.answer) return;
  if (app->lane.empty()) {
    request.answer = token_for(*app, *asked.resource, surroundings_.clock.now());
    return;
  }
  ask_authority(request, *app, *asked.resource);
}

void Endpoint::ask_authority(Request& request, const settings::IdentityApp& app,
                             const std::string& resource) {
  const auto lane = surroundings_.lanes.find(app.lane);
  if (lane == surroundings_.lanes.end()) {
    request.answer = failure("the platform has no way to " + std::string(kAuthority) + " yet");
    return;
  }
  const auto answer = [this, &request, app, resource](const std::optional<std::string>& why) {
    request.answer = why ? failure("No token: " + *why + ".")
                         : token_for(app, resource, surroundings_.clock.now());
    waiting_.erase(&request);
    MHD_resume_connection(request.connection);
    timer_->start({});
  };
  request.call = std::make_shared<AuthorityCall>(surroundings_.loop, answer);
  waiting_.insert(&request);
  MHD_suspend_connection(request.connection);
  request.call->start(*lane->second);
}

MHD_Result Endpoint::respond(void* self, MHD_Connection* connection, const char* url,
                             const char* method, const char*, const char*, size_t* upload_size,
                             void** context) {
  // The first call has the header only, later ones bring the body, which nobody wants; the one
  // without data is the time to answer, once more after a wait.
  if (*context == nullptr) {
    *context = new Request{.connection = connection};
    return MHD_YES;
  }
  if (*upload_size != 0) {
    *upload_size = 0;
    return MHD_YES;
  }
  auto& request = *static_cast<Request*>(*context);
  auto& endpoint = *static_cast<Endpoint*>(self);
  if (!request.answer) endpoint.decide(request, asked_by(connection, url, method));
  return request.answer ? send(connection, *request.answer) : MHD_YES;
}

void Endpoint::complete(void* self, MHD_Connection*, void** context, MHD_RequestTerminationCode) {
  const std::unique_ptr<Request> request(static_cast<Request*>(*context));
  static_cast<Endpoint*>(self)->waiting_.erase(request.get());
  *context = nullptr;
}

}  // namespace egress::identity
