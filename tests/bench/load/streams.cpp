// SPDX-License-Identifier: MIT
// One connection for the length of the cell: round trips of a byte, and as many bytes as it takes.

#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "tests/bench/load/load.hpp"
#include "tests/bench/load/sockets.hpp"

namespace egress::load {
namespace {

constexpr size_t kWriteBytes = size_t{128} << 10U;
constexpr size_t kReadBytes = size_t{256} << 10U;

struct Pair {
  UniqueFd client{};
  UniqueFd server{};
};

Result<Pair> connected(const Cell& cell) {
  ASSIGN_OR_RETURN(const UniqueFd listener,
                   listen_in(cell.server_netns, cell.port, Blocking::kYes));
  ASSIGN_OR_RETURN(UniqueFd client, connect_in(cell.client_netns, cell.address, cell.port));
  ASSIGN_OR_RETURN(UniqueFd server, accept_from(listener));
  return Pair{std::move(client), std::move(server)};
}

Status echo(const UniqueFd& socket) {
  char byte = 0;
  while (true) {
    const ssize_t got = recv(socket.get(), &byte, 1, 0);
    if (got == 0) return {};
    if (got < 0) return Error::from_errno("receive a request");
    if (send(socket.get(), &byte, 1, MSG_NOSIGNAL) != 1) return Error::from_errno("answer");
  }
}

Status round_trip(const UniqueFd& client) {
  char byte = 'x';
  if (send(client.get(), &byte, 1, MSG_NOSIGNAL) != 1) return Error::from_errno("request");
  const ssize_t got = recv(client.get(), &byte, 1, 0);
  if (got < 0) return Error::from_errno("receive an answer");
  if (got == 0) return Error{.code = Errc::kKernel, .message = "the server hung up"};
  return {};
}

Result<Measured> make_round_trips(const Cell& cell, const UniqueFd& client) {
  Measured measured;
  RETURN_IF_ERROR(round_trip(client));  // so that both threads are under way
  Stopwatch stopwatch(cell, CLOCK_PROCESS_CPUTIME_ID);
  while (stopwatch.running()) {
    RETURN_IF_ERROR(round_trip(client));
    ++measured.count;
  }
  stopwatch.stop(measured);
  measured.sent = measured.count;
  return measured;
}

// Until the client has closed its end and everything has arrived.
Status drain(const UniqueFd& socket, uint64_t& count) {
  std::vector<char> buffer(kReadBytes);
  while (true) {
    const ssize_t got = recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) return Error::from_errno("receive");
    if (got == 0) break;
    count += static_cast<uint64_t>(got);
  }
  return {};
}

Result<uint64_t> fill(Stopwatch& stopwatch, const UniqueFd& client) {
  const std::vector<char> buffer(kWriteBytes, 'x');
  uint64_t sent = 0;
  while (stopwatch.running()) {
    const ssize_t put = send(client.get(), buffer.data(), buffer.size(), MSG_NOSIGNAL);
    if (put < 0) return Error::from_errno("send");
    sent += static_cast<uint64_t>(put);
  }
  return sent;
}

}  // namespace

Result<Measured> round_trips(const Cell& cell) {
  RETURN_IF_ERROR(pin(cell.cpu));
  ASSIGN_OR_RETURN(const Pair pair, connected(cell));
  Server server(cell.cpu, [&pair] { return echo(pair.server); });
  auto measured = make_round_trips(cell, pair.client);
  shutdown(pair.client.get(), SHUT_WR);
  RETURN_IF_ERROR(server.join());
  return measured;
}

Result<Measured> bulk(const Cell& cell) {
  RETURN_IF_ERROR(pin(cell.cpu));
  ASSIGN_OR_RETURN(const Pair pair, connected(cell));
  Measured measured;
  Stopwatch stopwatch(cell, CLOCK_PROCESS_CPUTIME_ID);
  Server server(cell.cpu, [&] { return drain(pair.server, measured.count); });
  const auto sent = fill(stopwatch, pair.client);
  shutdown(pair.client.get(), SHUT_WR);
  RETURN_IF_ERROR(server.join());
  if (!sent.ok()) return sent.error();
  measured.sent = *sent;
  stopwatch.stop(measured);
  return measured;
}

}  // namespace egress::load
