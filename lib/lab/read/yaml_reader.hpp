// SPDX-License-Identifier: MIT
#pragma once

// Typed access to a YAML tree for the loader: each read either gives a value or leaves a finding
// at the place of the offending key or value. Unknown, repeated and missing keys are found when
// an ObjectReader opens its object, from the object's ObjectSchema.

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "base/ip6.hpp"
#include "base/result.hpp"
#include "lab/read/findings.hpp"
#include "lab/read/yaml_tree.hpp"
#include "lab/schema/schema.hpp"
#include "lab/schema/tolerated.hpp"
#include "lab/schema/vocabulary.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {

// One value of the file with its key path.
struct Value {
  const YamlNode* node = nullptr;
  Mark mark{};
  std::string path{};
  std::string key{};  // in its map, or empty
  Mark key_mark{};    // of the key, or of the value where there is none

  bool is_null() const { return node->kind == YamlKind::kNull; }
  bool is_scalar() const { return node->kind == YamlKind::kScalar; }
  bool is_empty_list() const { return node->kind == YamlKind::kSequence && node->items.empty(); }
};

class Reader {
 public:
  explicit Reader(Findings& findings) : findings_(findings) {}

  void fail(const Value& value, std::string code, std::string message, std::string hint = {});
  void fail_at_key(const Value& value, std::string code, std::string message,
                   std::string hint = {});

  std::optional<std::string> text(const Value& value);
  std::optional<bool> boolean(const Value& value);
  std::optional<int> integer(const Value& value);
  std::optional<Ipv4Address> address(const Value& value);
  std::optional<Ipv6Address> address6(const Value& value);
  std::optional<Ipv4Prefix> prefix(const Value& value);
  // The same where Azure wants the length, too.
  std::optional<Ipv4Prefix> range(const Value& value);
  // Lower case and without a final dot.
  std::optional<std::string> domain_name(const Value& value);
  std::optional<SubnetRef> subnet_ref(const Value& value);
  // Of a container of a service, as written (lab/https_url.hpp).
  std::optional<std::string> https_url(const Value& value);
  // Of an impairment (lab/impairment.hpp).
  std::optional<std::chrono::microseconds> latency(const Value& value);
  std::optional<double> share(const Value& value);
  std::optional<uint64_t> rate(const Value& value);
  // The items of a list; a finding and nothing when it is no list. Null is an empty list.
  std::vector<Value> items(const Value& value);
  // The entries of a map, each key once.
  std::vector<Value> entries(const Value& value);
  // The same where keys are names, which differ by more than case.
  std::vector<Value> names(const Value& value);

  template <typename T>
  std::optional<T> word(const Value& value, const std::vector<Spelling<T>>& spellings) {
    const auto got = text(value);
    if (!got) return std::nullopt;
    for (const Spelling<T>& spelling : spellings) {
      if (equal_ignoring_case(spelling.word, *got)) return spelling.value;
    }
    const auto words = words_of(spellings);
    fail_word(value, *got, words);
    return std::nullopt;
  }

  // Reads every item of a list with `read`, leaving out those that leave a finding.
  template <typename T>
  std::vector<T> list(const std::optional<Value>& value,
                      std::optional<T> (Reader::*read)(const Value&)) {
    std::vector<T> result;
    if (!value) return result;
    for (const Value& item : items(*value)) {
      if (auto element = (this->*read)(item)) result.push_back(std::move(*element));
    }
    return result;
  }

  // A property of `owner` that is not emulated: a warning and an entry of not_emulated(), unless
  // it says nothing.
  void tolerate(const Value& value, const Tolerated& property, const std::string& owner);
  // The lab's own, which resources need not say again.
  void set_location(std::string location) { location_ = std::move(location); }
  // What was tolerated so far, by path.
  std::vector<NotEmulated> not_emulated() const;

  Findings& findings() { return findings_; }

 private:
  template <typename T>
  std::optional<T> parsed(const Value& value, const char* code,
                          Result<T> (*parse)(std::string_view));
  void fail_word(const Value& value, const std::string& got, const std::vector<std::string>& words);
  void fail_at(Mark mark, const std::string& path, std::string code, std::string message,
               std::string hint);
  template <typename Less>
  std::vector<Value> distinct(const Value& value);

  bool says_nothing_new(const Value& value, const Tolerated& property,
                        const std::string& owner) const;

  Findings& findings_;
  std::map<std::string, std::string> not_emulated_{};
  std::string location_{};
};

// One object of the file, opened with the keys it may have.
class ObjectReader {
 public:
  ObjectReader(Reader& reader, const Value& value, ObjectType type);
  ~ObjectReader();
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;

  // The key's value; nothing when the key is absent or null. Every key of the schema must be asked
  // for before the reader goes: a key that is accepted is also understood.
  std::optional<Value> at(const std::string& key);
  // Leaves `target` as it is when the key is absent or wrong.
  template <typename T>
  void into(T& target, const std::string& key, std::optional<T> (Reader::*read)(const Value&)) {
    if (const auto value = at(key)) {
      if (auto got = (reader_.*read)(*value)) target = std::move(*got);
    }
  }
  template <typename T>
  void into(std::optional<T>& target, const std::string& key,
            std::optional<T> (Reader::*read)(const Value&)) {
    if (const auto value = at(key)) target = (reader_.*read)(*value);
  }
  template <typename T>
  void word_into(T& target, const std::string& key, const std::vector<Spelling<T>>& spellings) {
    if (const auto value = at(key)) target = reader_.word(*value, spellings).value_or(target);
  }
  // A number that is not within the property's bounds leaves a finding.
  template <typename T>
  void integer_into(T& target, const std::string& key) {
    if (const auto number = integer_at(key)) target = static_cast<T>(*number);
  }
  // The values of a list, and that which may stand there without one.
  std::vector<Value> items(const std::string& key);
  // Every item of a list, and every resource in a map of names, as `read(reader, value)` gives it;
  // nothing leaves the item out.
  template <typename T, typename Read>
  void list_into(std::vector<T>& target, const std::string& key, Read read) {
    for (const Value& item : items(key)) {
      if (std::optional<T> got = read(reader_, item)) target.push_back(std::move(*got));
    }
  }
  template <typename T>
  void list_into(std::vector<T>& target, const std::string& key,
                 std::optional<T> (Reader::*read)(const Value&)) {
    list_into(target, key,
              [read](Reader& reader, const Value& item) { return (reader.*read)(item); });
  }
  template <typename T, typename Read>
  void map_into(Named<T>& target, const std::string& key, Read read) {
    const auto value = at(key);
    for (const Value& each : value ? reader_.names(*value) : std::vector<Value>{}) {
      target[each.key] = read(reader_, each);
    }
  }
  // A finding at `later` when both keys are there.
  void exclude(const std::string& earlier, const std::string& later);

  // A rule that needs one of `keys`, none of which is there.
  void miss(const std::vector<std::string>& keys, std::string message, std::string hint = {});

  Reader& reader() { return reader_; }

 private:
  void refuse_key(const Value& entry);
  bool refuse_shape(const Value& entry);
  bool has_no_effect(const Tolerated& property) const;
  std::optional<int> integer_at(const std::string& key);

  Reader& reader_;
  Value value_;
  const ObjectSchema& schema_;
  std::map<std::string, Value> members_{};
  std::set<std::string> asked_{};
};

}  // namespace egress::lab
