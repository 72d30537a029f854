// SPDX-License-Identifier: MIT
#include "egressd/doctor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/number.hpp"
#include "base/unique_fd.hpp"
#include "compile/speakers.hpp"
#include "control/json.hpp"
#include "egressd/prefix_claim.hpp"
#include "egressd/trial_lab.hpp"
#include "kernel/flow_cache/programs.hpp"
#include "kernel/high_fd.hpp"
#include "kernel/netns_owner.hpp"
#include "store/store.hpp"

namespace egress::daemon {
namespace {

using State = Check::State;

constexpr int kOldestMajor = 6;  // Debian 12's
constexpr int kOldestMinor = 1;
constexpr rlim_t kFewFiles = 16384;
constexpr uint64_t kLittleSpace = uint64_t{64} << 20U;
constexpr uint64_t kLittleMemory = uint64_t{256} << 20U;
constexpr int64_t kFewNamespaces = 1000;

std::optional<std::string> line_in(const std::string& path, const std::string& head = {}) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(head)) return line.substr(head.size());
  }
  return std::nullopt;
}

// capabilities(7)
struct Capability {
  unsigned bit;
  const char* name;
};
constexpr Capability kNeeded[] = {
    {12, "NET_ADMIN"}, {21, "SYS_ADMIN"}, {13, "NET_RAW"}, {10, "NET_BIND_SERVICE"}};

Check rights() {
  const std::string text = line_in("/proc/self/status", "CapEff:\t").value_or("0");
  const uint64_t effective = std::strtoull(text.c_str(), nullptr, 16);
  std::vector<std::string> missing;
  for (const Capability& each : kNeeded) {
    if ((effective >> each.bit & 1U) == 0) missing.emplace_back(each.name);
  }
  if (missing.empty()) return {"rights", State::kOk, "all capabilities that egressd needs"};
  return {"rights", State::kFailed, fmt::format("without {}", fmt::join(missing, ", ")),
          "run as root, or for a trial in 'unshare --user --map-root-user --net --mount'"};
}

Check kernel_version() {
  utsname machine{};
  ::uname(&machine);
  int major = 0;
  int minor = 0;
  const bool read = std::sscanf(machine.release, "%d.%d", &major, &minor) == 2;
  const bool old = !read || std::pair(major, minor) < std::pair(kOldestMajor, kOldestMinor);
  if (!old) return {"kernel", State::kOk, machine.release};
  return {"kernel", State::kWarning, machine.release,
          "Debian 12's 6.1 is the oldest that is tested"};
}

Check trial(const std::map<std::string, std::string>& programs) {
  const Status made = try_a_lab(programs);
  if (made.ok()) {
    return {"a lab", State::kOk,
            "namespaces, links, routes, rules, translation and responders of one were made"};
  }
  return {"a lab", State::kFailed, made.error().to_string(),
          "the kernel lacks what the message names, or a container forbids it: namespaces, veth, "
          "nf_tables and nf_conntrack are needed"};
}

Check wires() {
  const UniqueFd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (tun.valid()) return {"wires", State::kOk, "/dev/net/tun"};
  return {"wires", State::kWarning, Error::from_errno("open /dev/net/tun").to_string(),
          "only plans with 'interface: tun' need it: modprobe tun, or give it to the container"};
}

Check programs_of_labs(const std::map<std::string, std::string>& programs) {
  std::vector<std::string> missing;
  for (const auto& [name, path] : programs) {
    if (::access(path.c_str(), X_OK) != 0) missing.push_back(path);
  }
  if (missing.empty()) return {"programs", State::kOk, "all that answer in labs"};
  return {"programs", State::kFailed, fmt::format("no {}", fmt::join(missing, ", ")),
          "install egressd again: scripts/install"};
}

Check speaker() {
  if (::access(compile::kBird, X_OK) == 0) return {"BGP", State::kOk, compile::kBird};
  return {
      "BGP", State::kWarning, fmt::format("no {}", compile::kBird),
      "connections with enableBgp go by advertisedPrefixes until it is there: apt install bird2"};
}

Check fast_path() {
  // As the daemon has raised it by then; a limit that is too low is another check's.
  (void)kernel::raise_fd_limit();
  const kernel::FlowCachePrograms programs(kernel::FlowCachePrograms::Use::kLoad);
  if (!programs.why_not()) return {"fast path", State::kOk, "the kernel takes its programs"};
  return {"fast path", State::kWarning, *programs.why_not(),
          "labs only are slower without it: it takes the machine's own root, a kernel from 6.1 on "
          "with its types (/sys/kernel/btf/vmlinux) and cls_bpf"};
}

Check open_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const std::string found = limit.rlim_max == RLIM_INFINITY
                                ? std::string("no limit")
                                : fmt::format("{} at most", limit.rlim_max);
  if (limit.rlim_max >= kFewFiles) return {"open files", State::kOk, found};
  return {"open files", State::kWarning, found,
          "each namespace of a lab takes some: LimitNOFILE= in the unit, or 'ulimit -Hn 524288'"};
}

Check namespaces() {
  const auto text = line_in("/proc/sys/user/max_net_namespaces");
  const auto most = text ? parse_number<int64_t>(*text) : std::nullopt;
  if (!most) return {"namespaces", State::kWarning, "no limit can be read", "mount /proc"};
  const std::string found = fmt::format("{} at most", *most);
  if (*most >= kFewNamespaces) return {"namespaces", State::kOk, found};
  return {"namespaces", State::kWarning, found, "sysctl user.max_net_namespaces=100000"};
}

Check memory() {
  const std::string text = line_in("/proc/meminfo", "MemAvailable:").value_or("0");
  const uint64_t bytes = std::strtoull(text.c_str(), nullptr, 10) << 10U;
  const std::string found = fmt::format("{} MiB available", bytes >> 20U);
  if (bytes >= kLittleMemory) return {"memory", State::kOk, found};
  return {"memory", State::kWarning, found, "a lab of a hundred workers takes some 100 MiB"};
}

Check state_folder(const Settings& settings) {
  const std::string& folder = settings.state_dir;
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) {
    return {"state", State::kOk, folder + " is made at the first start"};
  }
  struct statvfs room {};
  if (::statvfs(folder.c_str(), &room) != 0 || ::access(folder.c_str(), W_OK | X_OK) != 0) {
    return {"state", State::kFailed, Error::from_errno("use " + folder).to_string(),
            "egressd writes there: see its owner and mode, or name another --state-dir"};
  }
  const uint64_t free = uint64_t{room.f_bavail} * room.f_frsize;
  if (free < kLittleSpace) {
    return {"state", State::kFailed, fmt::format("{} KiB free in {}", free >> 10U, folder),
            "make room: an operation that cannot be stored is refused"};
  }
  const Result<store::Saved> saved = store::Store(store::database_in(folder)).load();
  if (!saved.ok()) {
    return {"state", State::kFailed, saved.error().to_string(),
            "'egressd --forget-state' puts it aside; the lab is forgotten then"};
  }
  return {"state", State::kOk,
          saved->lab ? fmt::format("{} has lab {}", folder, saved->lab->file)
                     : fmt::format("{} has no lab", folder)};
}

// Labs of the machine that no daemon looks after.
std::vector<Check> leftovers() {
  const auto marks = kernel::marks_of_all();
  if (!marks.ok()) {
    return {{"leftovers", State::kWarning, marks.error().to_string(),
             "namespaces of labs cannot be looked at without rights"}};
  }
  std::map<std::pair<std::string, std::string>, size_t> labs;
  for (const auto& [netns, mark] : *marks) ++labs[{mark.prefix, mark.state_dir}];
  std::vector<Check> checks;
  for (const auto& [lab, count] : labs) {
    const auto& [prefix, state_dir] = lab;
    if (FileLock::holder(fmt::format("{}/{}.lock", kClaimsFolder, prefix))) continue;
    checks.push_back({"leftovers", State::kWarning,
                      fmt::format("{} namespaces of the lab in {} (prefix {}), and no daemon runs",
                                  count, state_dir, prefix),
                      fmt::format("start it again, or take it away: 'egressd --cleanup --prefix {} "
                                  "--state-dir {}'",
                                  prefix, state_dir)});
  }
  if (checks.empty()) checks.push_back({"leftovers", State::kOk, "none"});
  return checks;
}

const char* name_of(State state) {
  switch (state) {
    case State::kOk: return "ok";
    case State::kWarning: return "warning";
    case State::kFailed: return "failed";
  }
  return "failed";
}

}  // namespace

std::vector<Check> examine(const Settings& settings,
                           const std::map<std::string, std::string>& programs) {
  std::vector<Check> checks{rights(), kernel_version(), programs_of_labs(programs)};
  const bool may_try = checks.front().state == State::kOk && checks.back().state == State::kOk;
  if (may_try) checks.push_back(trial(programs));
  for (Check& each : std::vector<Check>{wires(), speaker(), fast_path(), open_files(), namespaces(),
                                        memory(), state_folder(settings)}) {
    checks.push_back(std::move(each));
  }
  for (Check& each : leftovers()) checks.push_back(std::move(each));
  return checks;
}

std::string to_json(const std::vector<Check>& checks) {
  control::Json all = control::Json::array();
  for (const Check& each : checks) {
    all.push_back({{"name", each.name},
                   {"state", name_of(each.state)},
                   {"found", each.found},
                   {"cure", each.cure}});
  }
  return control::dump_indented({{"checks", all}}) + "\n";
}

}  // namespace egress::daemon
