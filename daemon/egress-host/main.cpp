// SPDX-License-Identifier: MIT
// egress-host answers on the ports of one emulated host. egressd starts one per listening host
// inside the host's network namespace, whatever its name stands for by then; it then stands on its
// own, so that a lab keeps answering without its daemon.

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "egress-host/echo_server.hpp"
#include "egress-host/http_server.hpp"
#include "egress-host/responder.hpp"
#include "egress-host/udp_server.hpp"
#include "uv/loop.hpp"

namespace egress::host {
namespace {

constexpr uint16_t kHttpPort = 80;
constexpr rlim_t kReservedFiles = 64;     // the loop, the lock, what libraries open
constexpr rlim_t kMostFiles = 64 * 1024;  // bounds the kernel memory of idle connections

// Raises the limit of open files as far as it goes; returns how many connections fit below it,
// beside the sockets that listen.
size_t connection_room(size_t listeners) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return 256;
  limit.rlim_cur = std::min(limit.rlim_max, kMostFiles);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t reserved = kReservedFiles + listeners;
  return limit.rlim_cur > reserved + kReservedFiles ? limit.rlim_cur - reserved : kReservedFiles;
}

// Says that all ports are open, and lets go of the starter's terminal and pipes.
Status detach() {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return Error::from_errno("open /dev/null");
  (void)::setsid();  // fails for a group leader, which is on its own already
  if (::chdir("/") < 0) return Error::from_errno("leave the working directory");
  constexpr char kReady[] = "ready\n";
  (void)!::write(STDOUT_FILENO, kReady, sizeof kReady - 1);  // nobody may be reading
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), fd);
  return {};
}

struct Servers {
  std::unique_ptr<EchoServer> echo{};
  std::vector<std::unique_ptr<HttpServer>> http{};
  std::vector<std::unique_ptr<UdpServer>> udp{};
  std::optional<uv::Signal> terminate{};

  // With nothing left to wait for, the loop ends.
  void close() {
    echo->close();
    http.clear();
    udp.clear();
    terminate.reset();
  }
};

Status open_ports(uv::Loop& loop, const Spec& spec, Servers& servers) {
  const size_t room = connection_room(spec.listen.size());
  std::vector<Port> echo_ports;
  for (const Port& port : spec.listen) {
    if (port.protocol == Protocol::kUdp) {
      ASSIGN_OR_RETURN(servers.udp.emplace_back(), UdpServer::listen(loop, spec.host, port));
    } else if (port.number == kHttpPort) {
      ASSIGN_OR_RETURN(servers.http.emplace_back(),
                       HttpServer::listen(loop, spec.host, port, static_cast<unsigned>(room / 4)));
    } else {
      echo_ports.push_back(port);
    }
  }
  ASSIGN_OR_RETURN(servers.echo, EchoServer::listen(loop, spec.host, echo_ports, room - room / 4));
  return {};
}

Status serve(uv::Loop& loop, const Spec& spec) {
  Servers servers;
  RETURN_IF_ERROR(open_ports(loop, spec, servers));
  servers.terminate.emplace(loop, SIGTERM, [&servers] { servers.close(); });
  RETURN_IF_ERROR(detach());
  loop.run();
  return {};
}

Status run(const Spec& spec) {
  auto loop = std::make_unique<uv::Loop>();
  Status served = serve(*loop, spec);
  // Handles of a half-opened set are still in it; the process ends without unwinding them.
  if (!served.ok()) (void)loop.release();
  return served;
}

}  // namespace
}  // namespace egress::host

int main(int argc, char** argv) {
  using namespace egress::host;
  std::signal(SIGPIPE, SIG_IGN);
  Spec spec;
  std::vector<std::string> listen;
  CLI::App app("Answers on the ports of one emulated host of egressd.");
  app.add_option("--host", spec.host, "the host's name in answers")->required();
  app.add_option("listen", listen, "tcp/PORT or udp/PORT")->required();
  CLI11_PARSE(app, argc, argv);

  for (const std::string& text : listen) {
    auto port = egress::Port::parse(text);
    if (!port.ok()) {
      std::fprintf(stderr, "egress-host: %s\n", port.error().to_string().c_str());
      return 1;
    }
    spec.listen.push_back(*port);
  }
  if (const egress::Status served = run(spec); !served.ok()) {
    std::fprintf(stderr, "egress-host: %s: %s\n", spec.host.c_str(),
                 served.error().to_string().c_str());
    std::fflush(stderr);
    std::_Exit(1);
  }
  return 0;
}
