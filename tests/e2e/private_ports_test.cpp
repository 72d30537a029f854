// SPDX-License-Identifier: MIT
// Instances of an app that call each other by their private ports, and the platform's probes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "lab/document.hpp"
#include "lab/load.hpp"
#include "tests/support/both_interfaces.hpp"
#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using ::testing::HasSubstr;

// Listens on a port, TCP and UDP, and says to everybody whom it sees.
constexpr const char* kProgram = R"(
import socket, sys, threading
port = int(sys.argv[1])
tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
tcp.bind(('', port))
udp.bind(('', port))
tcp.listen()
def datagrams():
    while True:
        data, peer = udp.recvfrom(9)
        udp.sendto(peer[0].encode(), peer)
threading.Thread(target=datagrams, daemon=True).start()
print('listening', flush=True)
while True:
    connection, peer = tcp.accept()
    connection.sendall(peer[0].encode())
    connection.close()
)";

// What comes back from there, or why nothing does.
constexpr const char* kCall = R"(
import socket, sys
kind = {'tcp': socket.SOCK_STREAM, 'udp': socket.SOCK_DGRAM}[sys.argv[1]]
with socket.socket(type=kind) as s:
    s.settimeout(float(sys.argv[4]))
    try:
        s.connect((sys.argv[2], int(sys.argv[3])))
        if kind == socket.SOCK_DGRAM: s.send(b'hello')
        print(s.recv(99).decode())
    except ConnectionRefusedError: print('refused')
    except socket.timeout: print('nothing')
)";

class PrivatePorts : public ::testing::Test, public ByInterface {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(text_));
  }

  std::string call(const std::string& app, const std::string& protocol, const std::string& address,
                   const std::string& port, const std::string& patience = "10") const {
    const Outcome called =
        machine_.exec(app, {"python3", "-c", kCall, protocol, address, port, patience});
    EXPECT_EQ(called.status, 0) << called.err;
    return called.out;
  }

  // The first of WEBSITE_PRIVATE_PORTS.
  std::string port_of(const std::string& app) const {
    const std::string ports = machine_.exec(app, {"printenv", "WEBSITE_PRIVATE_PORTS"}).out;
    return ports.substr(0, ports.find_first_of(",\n"));
  }

  void listen(const std::string& app, const std::string& port) {
    programs_.push_back(std::make_unique<Background>(
        machine_.ctl_command({"exec", app, "--", "python3", "-c", kProgram, port}), "listening"));
    ASSERT_TRUE(programs_.back()->ready()) << read_file(programs_.back()->errors_file());
  }

  const lab::Lab lab_ =
      lab::load_file(std::string(LABS_DIRECTORY) + "/private-ports.yaml").lab.value();
  const std::string text_ = lab::write(on(GetParam(), lab_)).value();
  Machine machine_{};
  std::vector<std::unique_ptr<Background>> programs_{};
};

TEST_P(PrivatePorts, AreToldToTheAppAndLeadToTheInstanceThatListens) {
  EXPECT_EQ(machine_.exec("web/0", {"printenv", "WEBSITE_PRIVATE_PORTS"}).out, "26934,23422\n");
  EXPECT_EQ(port_of("web/1"), port_of("web/0"));
  EXPECT_EQ(machine_.exec("stranger", {"printenv", "WEBSITE_PRIVATE_PORTS"}).out, "");
  const std::string port = port_of("web");
  for (const char* app : {"web/0", "behind/0"}) listen(app, port_of(app));
  for (const char* protocol : {"tcp", "udp"}) {
    SCOPED_TRACE(protocol);
    EXPECT_EQ(call("web/1", protocol, "10.1.1.4", port), "10.1.1.5\n");
    EXPECT_EQ(call("sibling/1", protocol, "10.1.1.4", port), "10.1.1.5\n");
    EXPECT_EQ(call("behind/1", protocol, "10.1.4.4", port_of("behind")), "10.1.4.5\n");
    EXPECT_EQ(call("stranger", protocol, "10.1.1.4", port), "refused\n");
    EXPECT_EQ(call("web/1", protocol, "10.1.1.4", "29000"), "refused\n");
  }
}

TEST_P(PrivatePorts, RefuseWhereNobodyListens) {
  EXPECT_EQ(call("web/1", "tcp", "10.1.1.4", port_of("web")), "refused\n");
  EXPECT_EQ(call("web/1", "udp", "10.1.1.4", port_of("web")), "refused\n");
}

TEST_P(PrivatePorts, ComeAndGoWithTheLabAndWithItsLists) {
  const std::string port = port_of("web");
  listen("web/0", port);
  const auto outcome = [&] { return call("web/1", "tcp", "10.1.1.4", port, "2"); };
  EXPECT_EQ(outcome(), "10.1.1.5\n");
  ASSERT_TRUE(machine_.apply(replaced(text_, "20000-30000", "20000-20001")));
  EXPECT_EQ(outcome(), "nothing\n");
  ASSERT_TRUE(machine_.apply(
      replaced(text_, R"("vnetPrivatePortsCount": 2)", R"("vnetPrivatePortsCount": 0)")));
  EXPECT_EQ(outcome(), "refused\n");
  ASSERT_TRUE(machine_.apply(text_));
  EXPECT_EQ(outcome(), "10.1.1.5\n");
}

// azure-facts 9.5
TEST_P(PrivatePorts, HealthProbesEndInTheWorkerInSilence) {
  const auto probes = [](const std::string& worker) {
    const std::string list = "ip netns exec eg-worker-" + worker +
                             " nft list chain ip egressd input | grep -o 'dport 30000.*packets "
                             "[0-9]*' | grep -o '[0-9]*$'";
    return run({"sh", "-c", list}).out;
  };
  EXPECT_EQ(probes("three-0"), "0\n");
  EXPECT_EQ(call("behind/1", "udp", "10.1.4.4", "30000", "1"), "nothing\n");
  EXPECT_EQ(call("far", "udp", "10.1.4.4", "30000", "1"), "nothing\n");
  EXPECT_EQ(probes("three-0"), "2\n");
  EXPECT_EQ(call("far", "udp", "10.1.1.4", "30000", "1"), "nothing\n");
  EXPECT_EQ(probes("plan-0"), "0\n") << "a list denies it";
  EXPECT_EQ(call("behind/1", "tcp", "10.1.4.4", "30000"), "refused\n");
}

INSTANTIATE_TEST_SUITE_P(Interfaces, PrivatePorts, both_interfaces(), interface_name);

}  // namespace
}  // namespace egress::e2e
