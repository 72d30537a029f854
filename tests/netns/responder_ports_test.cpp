// SPDX-License-Identifier: MIT
// Where the responder answers, and how ports and clients come and go.
#include "tests/netns/responder_fixture.hpp"

namespace egress::host::test {
namespace {

TEST_F(Responder, ChangesItsPortsAndCutsNoConnectionOfThoseThatStay) {
  Host host({kSql, {Protocol::kTcp, 4000}});
  const UniqueFd stays = connect_to(1433);
  const UniqueFd goes = connect_to(4000);
  line(stays.get());
  line(goes.get());
  ASSERT_TRUE(host.listen_on({kSql, kHttp}).ok());
  EXPECT_EQ(line(goes.get()), "(ended)");
  EXPECT_EQ(run({"curl", "-sS", "http://10.0.0.2/"}).status, 0);
  EXPECT_EQ(run({"curl", "-s", "http://10.0.0.2:4000/"}).status, 7) << "nobody listens";
  ASSERT_EQ(::send(stays.get(), "hello\n", 6, 0), 6);
  EXPECT_EQ(line(stays.get()), "hello");
}

// A bound socket ends with its interface, and another one may get the number of that.
TEST_F(Responder, ListensByALinkThatWasMadeAnewOrBecameAnother) {
  const auto by = [](const std::string& device, uint32_t mark) {
    return settings::to_text(
        {.host = "sql",
         .device = "lo",
         .ways = {{.device = device, .mark = mark, .listen = {kSql, kHttp, kDns}}}});
  };
  Host host({kSql});
  const auto attached = [&](const std::string& device, uint32_t mark) {
    return host.program().attach("server", "responder", by(device, mark)).ok();
  };
  ASSERT_TRUE(attached("s0", 201)) << "by one interface what was open to all";
  for (const std::string link : {"s0", "s1"}) {
    const Outcome made = run_script("ip -n client link del c0; ip -n server link add " + link +
                                    " index 77 type veth" +
                                    R"( peer name c0 netns client
        ip -n client addr add 10.0.0.1/24 dev c0; ip -n client link set c0 up
        ip -n server addr add 10.0.0.2/24 dev )" +
                                    link + "; ip -n server link set " + link + " up");
    ASSERT_EQ(made.status, 0) << made.err;
    ASSERT_TRUE(attached(link, 201));
    EXPECT_THAT(line(connect_to(1433).get()), HasSubstr("10.0.0.2:1433"));
  }
  ASSERT_TRUE(attached("s1", 202)) << "another mark";
  EXPECT_THAT(line(connect_to(1433).get()), HasSubstr("10.0.0.2:1433"));
  EXPECT_FALSE(attached("s9", 203));
  EXPECT_THAT(line(connect_to(1433).get()), HasSubstr("10.0.0.2:1433")) << "as before";
}

// As when the first service endpoint leads to an Internet host, and when the last one is taken
// away.
TEST_F(Responder, CutsNoConnectionWhenAWayOpensOrCloses) {
  ASSERT_EQ(run_script("ip -n server link add w0 type veth peer name w1").status, 0);
  const settings::Responder open{.host = "sql", .listen = {kSql, kHttp, kOther}};
  settings::Responder with_way = open;
  with_way.device = "s0";
  with_way.ways = {{.device = "w0", .mark = 300, .listen = {kSql, kHttp, kOther}}};
  Host host({});
  std::vector<UniqueFd> clients;
  for (const settings::Responder& each : {open, with_way, open, with_way}) {
    const Status changed = host.become(each);
    ASSERT_TRUE(changed.ok()) << changed.error().to_string();
    clients.push_back(connect_to(1433));
    line(clients.back().get());
    for (const UniqueFd& client : clients) {
      ASSERT_EQ(::send(client.get(), "hello\n", 6, 0), 6);
      EXPECT_EQ(line(client.get()), "hello");
    }
    EXPECT_EQ(run({"curl", "-sS", "http://10.0.0.2/"}).status, 0);
  }
  const std::string sockets = run_script("ip netns exec server ss -Hlntu").out;
  for (const char* socket : {"0.0.0.0%s0:1433 ", "0.0.0.0%w0:1433 ", "0.0.0.0%s0:80 ",
                             "0.0.0.0%w0:80 ", "0.0.0.0%s0:9999 ", "0.0.0.0%w0:9999 "}) {
    EXPECT_THAT(sockets, HasSubstr(socket));
  }
}

TEST_F(Responder, LeavesTheNamespaceWhenItIsDetached) {
  Host host({kDns, kHttp, kSql});
  const UniqueFd client = connect_to(1433);
  line(client.get());
  ASSERT_TRUE(host.program().detach("server", "responder").ok());
  EXPECT_EQ(line(client.get()), "(ended)");
  EXPECT_EQ(run_script("ip netns exec server ss -Hlntu").out, "");
  EXPECT_TRUE(host.listen_on({kDns, kHttp, kSql}).ok());
}

TEST_F(Responder, LetsConnectionsWaitWhenItMayNotOpenMoreFiles) {
  const Host host({kSql, kHttp}, {"prlimit", "--nofile=160:160"});
  std::vector<UniqueFd> clients;
  for (int index = 0; index < 400; ++index) clients.push_back(connect_to(1433));
  // Each one ends after its line, which makes room for those behind it.
  for (UniqueFd& client : clients) {
    ASSERT_EQ(json::parse(line(client.get())).at("host"), "sql");
    client.reset();
  }
  EXPECT_EQ(run({"curl", "-sS", "http://10.0.0.2/"}).status, 0);
}

TEST_F(Responder, LeavesRoomForHttpClientsOfOtherNamespaces) {
  Host host({}, {"prlimit", "--nofile=160:160"});
  std::vector<UniqueFd> idle;
  for (const std::string number : {"1", "2", "3", "4", "5", "6", "7"}) {
    const std::string netns = "server" + number;
    ASSERT_EQ(
        run_script("ip netns add " + netns + "; ip link add d" + number +
                   " type veth peer name s0 netns " + netns + "; ip addr add 10.1." + number +
                   ".1/24 dev d" + number + "; ip link set d" + number + " up; ip -n " + netns +
                   " addr add 10.1." + number + ".2/24 dev s0; ip -n " + netns + " link set s0 up")
            .status,
        0);
    ASSERT_TRUE(host.become({.host = netns, .listen = {kHttp}}, netns).ok());
    const std::string address = "10.1." + number + ".2";
    EXPECT_EQ(json::parse(run({"curl", "-sS", "http://" + address + "/"}).out).at("host"), netns);
    for (int index = 0; index < 60; ++index) idle.push_back(connect_to(80, 0, address));
  }
  idle.erase(idle.begin(), idle.begin() + 60);
  EXPECT_EQ(run({"curl", "-sS", "http://10.1.1.2/"}).status, 0) << "its own clients have ended";
}

TEST_F(Responder, NamesThePortItCannotOpenAndOpensNoOther) {
  const Host first({kSql, kDns, kHttp});
  Host second({kOther});
  for (const Port port : {kSql, kDns, kHttp}) {
    const Status refused = second.listen_on({{Protocol::kTcp, 70}, port, kOther});
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message, HasSubstr(port.to_string()));
    EXPECT_THAT(refused.error().message, HasSubstr("in use"));
    EXPECT_EQ(run({"curl", "-s", "http://10.0.0.2:70/"}).status, 7) << "nobody listens";
  }
}

}  // namespace
}  // namespace egress::host::test
