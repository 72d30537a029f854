// SPDX-License-Identifier: MIT
#pragma once

// How the rules of validate.hpp are written: each adds what it finds with the key path at fault and
// the paths that its judgement rests on, so that the loader can leave out what merely follows from
// a value it could not read.

#include <optional>
#include <string>
#include <vector>

#include "lab/azure_texts.hpp"
#include "lab/lab.hpp"
#include "lab/load.hpp"
#include "lab/read/yaml_slips.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {

// What a reference names in vain: told once, whoever else names it.
struct Absent {
  std::string kind{};  // empty: of any kind
  std::string name{};
};

struct Check {
  Finding finding{};
  std::vector<std::string> rests_on{};
  // The same as seen from the other of two places that clash: that which comes later in the file is
  // told. The line of the other one goes into the messages behind so many characters.
  std::optional<Finding> mirrored{};
  size_t owner_length = 0;
  size_t mirrored_owner_length = 0;
  bool spoils = false;  // what rests on this path follows from it
  std::optional<Absent> absent{};
};

// The name that an entry of a set of names, or of a map by names, stands for.
inline const std::string& name_in(const std::string& name) {
  return name;
}
template <typename T>
const std::string& name_in(const std::pair<const std::string, T>& entry) {
  return entry.first;
}

class Checks {
 public:
  using Paths = std::vector<std::string>;

  // `rests_on` comes on top of `path` itself.
  void error(std::string path, std::string code, std::string message, std::string hint = {},
             Paths rests_on = {}) {
    add(Severity::kError, std::move(path), std::move(code), std::move(message), std::move(hint),
        std::move(rests_on));
  }
  void error(std::string path, AzureText text, std::string hint = {}, Paths rests_on = {}) {
    error(std::move(path), std::move(text.code), std::move(text.message), std::move(hint),
          std::move(rests_on));
  }
  void warning(std::string path, std::string code, std::string message, std::string hint = {},
               Paths rests_on = {}) {
    add(Severity::kWarning, std::move(path), std::move(code), std::move(message), std::move(hint),
        std::move(rests_on));
  }
  // What rests on `path` merely follows from it, and is not told.
  void spoiling_error(std::string path, std::string code, std::string message,
                      Paths rests_on = {}) {
    error(std::move(path), std::move(code), std::move(message), {}, std::move(rests_on));
    checks_.back().spoils = true;
  }
  // About a key itself: whatever is wrong behind it does not matter.
  void error_in_name(std::string path, std::string message, std::string hint = {});

  // Of two that claim one thing, each with what is said of it if it is the later one: "the other
  // one" and "has it already", between which the other's line goes.
  struct Claim {
    std::string path{};
    std::string owner{};
    std::string message{};
  };
  void clash(std::string code, Claim one, Claim other, Paths rests_on = {}, bool spoils = false);

  // A bound of the service, "`count` `what`, `allowed` are allowed`where`".
  void limit(const std::string& path, size_t count, size_t allowed, const std::string& what,
             const std::string& where = {});

  // A reference from `path` to `name`, which must be one of `declared` (a set, or a map's keys),
  // read from `declared_path`; "`subject` 'name' does not exist" otherwise. Returns whether it is.
  template <typename Declared>
  bool refers(const std::string& path, const std::string& subject, const std::string& name,
              const Declared& declared, const std::string& declared_path) {
    if (declared.find(name) != declared.end()) return true;
    if (const auto slip = slip_in_value(name)) {
      error(path, "unknown-reference", slip->message, slip->hint, {declared_path});
      return false;
    }
    // "'nsg' has no rule 'x'" needs no more words.
    const char* absent = subject.front() == '\'' ? "" : " does not exist";
    Nearest search(name);
    if (wants_suggestions()) {
      for (const auto& entry : declared) search.consider(name_in(entry));
    }
    error(path, "unknown-reference", subject + " '" + shown(name) + "'" + absent, search.hint(),
          {declared_path});
    is_absent({subject, name});
    return false;
  }
  bool refers_to_subnet(const std::string& path, const SubnetRef& ref, const Lab& lab);

  // Of the error that was added last.
  void is_absent(Absent absent) { checks_.back().absent = std::move(absent); }

  bool wants_suggestions() const;
  std::vector<Check> take() && { return std::move(checks_); }

 private:
  void add(Severity severity, std::string path, std::string code, std::string message,
           std::string hint, Paths rests_on);

  std::vector<Check> checks_{};
};

void check_names(const Lab& lab, Checks& checks);
void check_networks(const Lab& lab, Checks& checks);
void check_peerings(const Lab& lab, Checks& checks);
void check_security(const Lab& lab, Checks& checks);
void check_routes(const Lab& lab, Checks& checks);
void check_next_hops(const Lab& lab, Checks& checks);
void check_regions(const Lab& lab, Checks& checks);
void check_web(const Lab& lab, Checks& checks);
void check_app_settings(const Lab& lab, Checks& checks);
void check_integrations(const Lab& lab, Checks& checks);
void check_hosts(const Lab& lab, Checks& checks);
void check_private_addresses(const Lab& lab, Checks& checks);
void check_public_addresses(const Lab& lab, Checks& checks);
void check_services(const Lab& lab, Checks& checks);
void check_endpoints(const Lab& lab, Checks& checks);
void check_dns(const Lab& lab, Checks& checks);
void check_site_dns(const Lab& lab, Checks& checks);
void check_subscriptions(const Lab& lab, Checks& checks);
void check_role_assignments(const Lab& lab, Checks& checks);
void check_nat(const Lab& lab, Checks& checks);
void check_gateways(const Lab& lab, Checks& checks);
void check_load_balancers(const Lab& lab, Checks& checks);
void check_platform(const Lab& lab, Checks& checks);
void check_not_emulated(const Lab& lab, Checks& checks);
void check_expectations(const Lab& lab, Checks& checks);

std::vector<Check> checks_of(const Lab& lab);

// The ports that `who`, "a host", at `path` listens on.
void check_listen(const std::string& path, const std::vector<Port>& listen, const std::string& who,
                  Checks& checks);

// What makes a firewall of the host at `path`.
void check_network_rules(const std::string& path, const Host& host, Checks& checks);

// Key paths that several rules use.
std::string vnet_path(const std::string& vnet);
std::string subnet_path(const SubnetRef& ref);
std::string frontend_path(const std::string& balancer, const std::string& frontend);

// Pairs of overlapping prefixes, each prefix at most once as the later one of a pair.
struct OwnedPrefix {
  Ipv4Prefix prefix{};
  std::string owner{};
  std::string path{};
};
struct Overlap {
  OwnedPrefix earlier{};
  OwnedPrefix later{};
};
std::vector<Overlap> overlaps(std::vector<OwnedPrefix> prefixes);

}  // namespace egress::lab
