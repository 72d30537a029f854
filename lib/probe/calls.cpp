// SPDX-License-Identifier: MIT
#include "probe/calls.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "probe/sockets.hpp"

namespace egress::probe {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint16_t kHttpPort = 80;
constexpr std::string_view kRequest = "GET / HTTP/1.0\r\n\r\n";
constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr size_t kMostText = 64 * 1024;

// One connection, until all that matters of it is known.
struct Connection {
  UniqueFd fd{};
  bool http = false;
  bool connected = false;
  std::string received{};
};

// What comes after `received` does not matter.
bool complete(const Connection& connection) {
  if (connection.received.size() >= kMostText) return true;
  return !connection.http && connection.received.find('\n') != std::string::npos;
}

// Nothing more will come.
void end(Connection& connection, CallSeen& seen) {
  connection.fd.reset();
  const std::string& received = connection.received;
  const size_t head = connection.http ? received.find(kEndOfHead) : std::string::npos;
  const size_t begin = head == std::string::npos ? 0 : head + kEndOfHead.size();
  seen.text = received.substr(begin, received.find('\n', begin) - begin);
}

void on_connected(Connection& connection, CallSeen& seen) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(connection.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  seen.connected = connection.connected = error == 0;
  seen.refused = error == ECONNREFUSED;
  if (error != 0) return end(connection, seen);
  // Who has nothing to say says so: a responder that could be spoken to in TLS waits no longer.
  if (!connection.http) return void(::shutdown(connection.fd.get(), SHUT_WR));
  const ssize_t sent = ::send(connection.fd.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL);
  if (sent < 0) end(connection, seen);  // reset meanwhile
}

void on_ready(Connection& connection, CallSeen& seen) {
  if (!connection.connected) return on_connected(connection, seen);
  std::array<char, 4096> buffer;
  const ssize_t size = ::recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size > 0) connection.received.append(buffer.data(), static_cast<size_t>(size));
  if (size <= 0 || complete(connection)) end(connection, seen);
}

Result<Connection> begin(const Call& call, CallSeen& seen) {
  Connection connection{.http = call.port == kHttpPort};
  ASSIGN_OR_RETURN(connection.fd, open_socket(call.netns, SOCK_STREAM));
  if (call.source_port != 0) RETURN_IF_ERROR(use_port(connection.fd.get(), call.source_port));
  const int error = start_connecting(connection.fd.get(), call.to, call.port);
  seen.refused = error == ECONNREFUSED;
  if (error != 0 && error != EINPROGRESS) connection.fd.reset();
  return connection;
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<std::vector<CallSeen>> call(const std::vector<Call>& calls,
                                   std::chrono::milliseconds patience) {
  std::vector<CallSeen> seen(calls.size());
  std::vector<Connection> connections;
  for (size_t i = 0; i < calls.size(); ++i) {
    ASSIGN_OR_RETURN(Connection connection, begin(calls[i], seen[i]));
    connections.push_back(std::move(connection));
  }
  const auto deadline = Clock::now() + patience;
  while (true) {
    std::vector<pollfd> waiting;
    std::vector<size_t> whose;
    for (size_t i = 0; i < connections.size(); ++i) {
      const Connection& each = connections[i];
      if (!each.fd.valid()) continue;
      const short events = each.connected ? POLLIN : POLLOUT;
      waiting.push_back({.fd = each.fd.get(), .events = events, .revents = 0});
      whose.push_back(i);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (waiting.empty() || left <= 0) break;
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left)) < 0 && errno != EINTR) {
      return Error::from_errno("wait for calls");
    }
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) on_ready(connections[whose[i]], seen[whose[i]]);
    }
  }
  for (size_t i = 0; i < connections.size(); ++i) {
    if (connections[i].fd.valid()) end(connections[i], seen[i]);
  }
  return seen;
}

std::optional<AnswerSeen> answer_in(const CallSeen& seen) {
  const auto said = nlohmann::json::parse(seen.text, nullptr, /*allow_exceptions=*/false);
  if (!said.is_object()) return std::nullopt;
  AnswerSeen answer{.host = text_of(said, "host"), .message = text_of(said, "message")};
  const std::string peer = text_of(said, "peer");
  if (const auto address = Ipv4Address::parse(peer.substr(0, peer.find(':'))); address.ok()) {
    answer.peer = *address;
  }
  if (!said.contains("access")) return answer;
  answer.access = inspect::AccessSeen{.code = text_of(said, "code")};
  if (said["access"] == lab::name_of(lab::Access::kDeny)) {
    answer.access->access = lab::Access::kDeny;
  }
  return answer;
}

std::optional<inspect::AccessSeen> access_in(const CallSeen& seen) {
  const auto answer = answer_in(seen);
  return answer ? answer->access : std::nullopt;
}

}  // namespace egress::probe
