// SPDX-License-Identifier: MIT
#include "lab/read/checked.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "lab/read/find_place.hpp"
#include "lab/slots.hpp"

namespace egress::lab {
namespace {

Mark place_of(const YamlTree& tree, std::string path) {
  return find_place(tree, path);
}

// Of what `path` leads to.
Mark place_around(const YamlTree& tree, const std::string& path) {
  return place_of(tree, path.substr(0, path.find_last_of(".[")));
}

// Makes `check` that of two clashing places which comes later in the file, and returns that place.
// Where both come from one text, which is merged in two places, these are compared.
Mark later_place(const YamlTree& tree, Check& check) {
  Mark here = find_place(tree, check.finding.path);
  Mark there = find_place(tree, check.mirrored->path);
  if (here == there) {
    here = place_around(tree, check.finding.path);
    there = place_around(tree, check.mirrored->path);
  }
  if (there > here) {
    check.finding = *std::move(check.mirrored);
    check.owner_length = check.mirrored_owner_length;
    std::swap(here, there);
  }
  if (there.line > 0) {
    check.finding.message.insert(check.owner_length, fmt::format(" (line {})", there.line));
  }
  return here;
}

class Judgement {
 public:
  Judgement(const YamlTree& tree, const Lab& lab, Findings& findings)
      : tree_(tree), lab_(lab), findings_(findings) {}

  void add(std::vector<Check> checks) {
    std::erase_if(checks, [&](const Check& check) { return !is_trusted(check); });
    for (const Check& check : checks) note_spoilt(check);
    std::erase_if(checks, [&](const Check& check) { return follows(check); });
    for (const Check& check : checks) note_absent(check);
    for (Check& check : checks) {
      if (!check.absent) {
        add(check);
      } else if (const Naming& naming = naming_of(*check.absent); naming.first == &check) {
        add(check, naming.count - 1);
      }
    }
  }

 private:
  // Those who name what is not there.
  struct Naming {
    const Check* first = nullptr;
    Mark place{};
    size_t count = 0;
  };

  bool is_trusted(const Check& check) const {
    return std::all_of(check.rests_on.begin(), check.rests_on.end(), [&](const std::string& path) {
      return findings_.trusts(document_path(lab_, path));
    });
  }

  void note_spoilt(const Check& check) {
    if (!check.spoils) return;
    spoilt_.insert(check.finding.path);
    if (check.mirrored) spoilt_.insert(check.mirrored->path);
  }

  // Its own path, which comes last, does not count: a value may break two rules.
  bool follows(const Check& check) const {
    return !check.spoils && !check.rests_on.empty() &&
           std::any_of(check.rests_on.begin(), std::prev(check.rests_on.end()),
                       [&](const std::string& path) { return spoilt_.contains(path); });
  }

  // A name of any kind is one of that kind which is told of, if there is one.
  Naming& naming_of(const Absent& absent) {
    const auto kind = kinds_.find(absent.name);
    const bool any = absent.kind.empty() && kind != kinds_.end();
    return absent_[{any ? kind->second : absent.kind, absent.name}];
  }

  void note_absent(const Check& check) {
    if (!check.absent || findings_.full()) return;
    if (!check.absent->kind.empty()) kinds_.emplace(check.absent->name, check.absent->kind);
    Naming& naming = naming_of(*check.absent);
    const bool of_kind = !check.absent->kind.empty();
    const Mark place = naming.count < kMaxFindings
                           ? place_of(tree_, document_path(lab_, check.finding.path))
                           : Mark{};
    ++naming.count;
    if (naming.first != nullptr && (!of_kind || place >= naming.place)) return;
    naming.first = &check;
    naming.place = place;
  }

  void add(Check& check, size_t others = 0) {
    check.finding.path = document_path(lab_, check.finding.path);
    Mark mark;
    if (check.mirrored) {
      check.mirrored->path = document_path(lab_, check.mirrored->path);
      mark = later_place(tree_, check);
    } else if (!findings_.full()) {
      mark = find_place(tree_, check.finding.path);
    }
    if (others > 0) {
      std::string& hint = check.finding.hint;
      hint += fmt::format("{}{} more {} it", hint.empty() ? "" : " ", others,
                          others == 1 ? "place names" : "places name");
    }
    findings_.add(mark, std::move(check.finding));
  }

  const YamlTree& tree_;
  const Lab& lab_;
  Findings& findings_;
  std::set<std::string> spoilt_{};
  std::map<std::string, std::string> kinds_{};  // of absent names
  std::map<std::pair<std::string, std::string>, Naming> absent_{};
};

}  // namespace

void add_checked(const YamlTree& tree, const Lab& lab, std::vector<Check> checks,
                 Findings& findings) {
  Judgement(tree, lab, findings).add(std::move(checks));
}

}  // namespace egress::lab
