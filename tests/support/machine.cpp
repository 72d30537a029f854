// SPDX-License-Identifier: MIT
#include "tests/support/machine.hpp"

#include "tests/support/unix_socket.hpp"

namespace egress::testing_support {
namespace {

// Neighbours in states other than permanent, and counters, come and go with packets; operational
// states follow links by themselves; the order of links, the order and the copies of what is in a
// firewall, and the generation beside its digest tell only when something was made; so does which
// namespace it is that something is attached in.
constexpr const char* kNamespaceInventory = R"(
  ip -o link show | sed -E 's/^[0-9]+: //; s/@[^:]*//; s/NO-CARRIER,|M-DOWN,//' |
    sed -E 's/ (qlen|link-netnsid|state) [^ ]+//g' | sort
  ip -o -d link show type tun | sed -E 's/^[0-9]+: ([^:]+):.*link\/none.*( tun type )/\1\2/' | sort
  ip -o -4 addr show | sed -E 's/^[0-9]+: //' | sort
  ip route show table all | grep -v '^local\|^broadcast\|proto kernel' | sort
  ip rule show
  ip neigh show nud permanent | sort
  nft -s list ruleset | sed -E 's/^(\s*comment "[0-9a-f]{32}) [0-9]+"/\1"/; s|//[0-9]+||g; s/^table .*/&\n/; s/^}/\n&/' |
    awk -v RS= '{ gsub(/\n/, "\r"); print }' | sort | tr '\r' '\n'
  ss -Hlntu | awk '{ print "listens", $1, $5 }' | sort
)";

constexpr const char* kInventory = R"(
  for name in $(ip netns list | cut -d' ' -f1 | sort); do
    echo "== $name"
    nsenter --net=/run/netns/$name bash -c "$NAMESPACE"
  done
  echo "== files"; find /run -printf '%y %m %p\n' | grep -v '\.lock$' | sort -k3
  echo "== processes"; ps -eo args= | grep -E '^/[^ ]*egress-(dns|host|identity|wire)' | sort
  echo "== attachments"; find /run/egressd -name .attached 2>/dev/null | sort |
    while read -r list; do echo "$list"; sed 's/"identity":[^]]*]//' "$list"; done
)";

constexpr const char* kSweep = R"(
  for name in $(ip netns list | cut -d' ' -f1 | grep "^$PREFIX-"); do
    ip netns pids $name | xargs -r kill -9
    ip netns del $name
  done
  rm -rf /run/egressd/$PREFIX
  if ! ip netns list | grep -q .; then
    umount /run/netns 2>/dev/null
    rm -rf /run/egressd
  fi
)";

}  // namespace

Machine::Machine(std::string prefix)
    : prefix_(std::move(prefix)), socket_(folder_ / "egressd.sock") {}

Machine::~Machine() {
  daemon_.reset();
  // A daemon leaves its lab in force; the next test of this process must not find it.
  run({"bash", "-c", kSweep}, {}, {"PREFIX=" + prefix_});
}

Command Machine::egressd_command() const {
  return {EGRESSD_PROGRAM, "--state-dir", state_directory(), "--prefix", prefix_};
}

testing::AssertionResult Machine::start(const Command& wrapper, const Command& options) {
  Command command = wrapper;
  for (const std::string& word : egressd_command()) command.push_back(word);
  command.insert(command.end(), {"--socket", socket_});
  command.insert(command.end(), options.begin(), options.end());
  daemon_.emplace(command, "");
  const bool up = eventually([this] { return answers(socket_) || !daemon_->running(); });
  if (up && daemon_->running()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "egressd does not answer: " << log();
}

int Machine::stop(int signal) {
  const int status = daemon_->end(signal);
  daemon_.reset();
  return status;
}

Outcome Machine::egressd(const Command& options) const {
  Command command = egressd_command();
  command.insert(command.end(), options.begin(), options.end());
  return run(command);
}

Command Machine::ctl_command(const Command& arguments) const {
  Command command = {EGRESSCTL_PROGRAM, "--socket", socket_};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

testing::AssertionResult Machine::apply(const std::string& text) const {
  const Outcome applied = ctl({"apply", file("lab.yaml", text)});
  if (applied.status == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << applied.err << log();
}

Outcome Machine::ctl(const Command& arguments, const std::string& input) const {
  return run(ctl_command(arguments), input);
}

Outcome Machine::exec(const std::string& app, const Command& command) const {
  Command arguments = {"exec", app, "--"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  return ctl(arguments);
}

nlohmann::json Machine::ctl_json(Command arguments) const {
  arguments.insert(arguments.end(), {"-o", "json"});
  const auto json = nlohmann::json::parse(ctl(arguments).out, nullptr, false);
  return json.is_discarded() ? nlohmann::json() : json;
}

bool Machine::comes_in_sync() const {
  return eventually([this] { return ctl({"status"}).status == 0; });
}

std::string Machine::log() const {
  return daemon_ ? read_file(daemon_->errors_file()) : "";
}

std::string inventory() {
  return run({"bash", "-ec", kInventory}, {}, {std::string("NAMESPACE=") + kNamespaceInventory})
      .out;
}

std::string home_inventory() {
  return run_script(kNamespaceInventory).out;
}

std::string contract_lab() {
  return read_file(EXAMPLES_DIRECTORY "/contract.yaml");
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << "'" << from << "' is not in the text";
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

}  // namespace egress::testing_support
