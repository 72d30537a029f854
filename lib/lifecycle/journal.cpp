// SPDX-License-Identifier: MIT
#include "lifecycle/journal.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace egress::lifecycle {
namespace {

using lab::Difference;

// The changes of one path, newest first, each with the operation that made it.
struct Change {
  size_t operation = 0;
  const Difference* made = nullptr;
};
using Changes = std::map<std::string, std::vector<Change>>;

Changes changes_by_path(const Journal& journal) {
  Changes changes;
  for (size_t i = journal.size(); i-- > 0;) {
    for (const Difference& made : journal[i].changes) {
      changes[made.path].push_back({i, &made});
    }
  }
  return changes;
}

// How many of the newest changes `taken` takes back: from what stands in the lab in force, one
// after the other, to what stands in the file.
size_t taken_back(const std::vector<Change>& changes, const Difference& taken) {
  const std::optional<std::string>* stands = &taken.before;
  for (size_t i = 0; i < changes.size(); ++i) {
    const Difference& made = *changes[i].made;
    // A resource that came is taken back when it goes, whatever became of it.
    const bool went = made.before == std::nullopt && taken.after == std::nullopt;
    if (made.after != *stands && !went) return 0;
    if (made.before == taken.after) return i + 1;
    stands = &made.before;
  }
  return 0;
}

size_t size_of(const std::optional<std::string>& value) {
  return value ? value->size() : 0;
}

size_t size_of(const Recorded& operation) {
  size_t bytes = operation.operation.size();
  for (const Difference& change : operation.changes) {
    bytes += change.path.size() + size_of(change.before) + size_of(change.after);
  }
  return bytes;
}

}  // namespace

Journal recorded(Journal journal, Recorded operation) {
  journal.push_back(std::move(operation));
  size_t kept = 0;
  size_t bytes = 0;
  for (auto entry = journal.rbegin(); entry != journal.rend() && kept < kMaxJournal; ++entry) {
    bytes += size_of(*entry);
    if (kept > 0 && bytes > kMaxJournalBytes) break;
    ++kept;
  }
  journal.erase(journal.begin(), journal.end() - static_cast<Journal::difference_type>(kept));
  return journal;
}

std::vector<Undone> undone_by(const Journal& journal, const lab::Lab& in_force,
                              const lab::Lab& file) {
  const Changes changes = changes_by_path(journal);
  std::map<size_t, Undone> undone;
  for (const Difference& taken : lab::differences(&in_force, file)) {
    const auto found = changes.find(taken.path);
    if (found == changes.end()) continue;
    const size_t count = taken_back(found->second, taken);
    for (size_t i = 0; i < count; ++i) {
      const auto& [operation, made] = found->second[i];
      const Recorded& done = journal[operation];
      Undone& entry =
          undone.try_emplace(operation, Undone{done.operation, done.at, {}}).first->second;
      entry.changes.push_back({taken.path, made->after, made->before});
    }
  }
  std::vector<Undone> all;
  for (auto& [operation, entry] : undone) all.push_back(std::move(entry));
  return all;
}

}  // namespace egress::lifecycle
