// SPDX-License-Identifier: MIT
#include "lab/read/yaml_tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "lab/limits.hpp"
#include "lab/read/yaml_slips.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

constexpr std::string_view kYamlTags = "tag:yaml.org,2002:";
constexpr const char* kManyDocuments = "many-documents";

Mark place_of(const YAML::Mark& mark) {
  return mark.is_null() ? Mark{1, 1} : Mark{mark.line + 1, mark.column + 1};
}

[[noreturn]] void refuse(Mark mark, std::string code, std::string message) {
  throw YamlProblem{mark, std::move(code), std::move(message), {}};
}

// Collects events into nodes. The first problem leaves as a YamlProblem that is thrown, as nothing
// else stops the parser: its documents need not end where the text does (of "," it makes empty ones
// for ever), and the rest of the text would only cost time.
class TreeBuilder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 1) {
      refuse(place_of(mark), kManyDocuments, {});
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(place_of(mark), std::make_shared<YamlNode>(), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(place_of(mark), tag);
    auto node = std::make_shared<YamlNode>();
    node->kind = YamlKind::kScalar;
    node->text = value;
    node->text_bytes = value.size();
    node->quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    add(place_of(mark), std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto target = anchors_.find(anchor);
    if (target == anchors_.end()) {
      refuse(place_of(mark), "alias-loop", "an alias cannot stand inside what it refers to");
    }
    place(place_of(mark), target->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    check_tag(place_of(mark), tag);
    open(place_of(mark), YamlKind::kSequence, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    check_tag(place_of(mark), tag);
    open(place_of(mark), YamlKind::kMap, anchor);
  }
  void OnMapEnd() override { close(); }

  YamlTree finish() && {
    return {.root = root_ ? std::move(root_) : std::make_shared<YamlNode>(), .mark = root_mark_};
  }

 private:
  struct Frame {
    std::shared_ptr<YamlNode> node{};
    Mark mark{};
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool key_read = false;  // in a map: the last item has its key and waits for its value
    bool merges = false;
  };

  // A map, or a list of maps of which the earlier ones win. No more than what is counted already.
  static void merge(YamlNode& map) {
    std::vector<YamlItem> items = std::move(map.items);
    map.items.clear();
    std::set<std::string> own;
    for (const YamlItem& item : items) {
      if (!item.merge) own.insert(item.key);
    }
    for (YamlItem& item : items) {
      if (!item.merge) {
        map.items.push_back(std::move(item));
        continue;
      }
      const bool list = item.node->kind == YamlKind::kSequence;
      const std::vector<YamlItem> sources = list ? item.node->items : std::vector{item};
      for (const YamlItem& source : sources) take_from(source, own, map);
    }
  }

  static void take_from(const YamlItem& source, std::set<std::string>& known, YamlNode& map) {
    if (source.node->kind != YamlKind::kMap) {
      throw YamlProblem{source.mark, "merge", "'<<' takes a map, or a list of maps",
                        "write '<<: *NAME', where '&NAME' stands before a map above"};
    }
    std::set<std::string> fresh;
    for (const YamlItem& item : source.node->items) {
      if (known.contains(item.key)) continue;
      map.items.push_back(item);
      fresh.insert(item.key);
    }
    known.merge(fresh);
  }

  // A %TAG directive writes its prefix, however long, into every tag that uses it.
  static void check_tag(Mark mark, const std::string& tag) {
    if (tag.size() > kMaxKeyLength) {
      refuse(mark, "tag-form", fmt::format("a tag has at most {} characters", kMaxKeyLength));
    }
    const bool known = tag.empty() || tag == "?" || tag == "!" || tag.starts_with(kYamlTags);
    if (known) return;
    throw YamlProblem{mark, "tag-form",
                      fmt::format("{} is a tag, which means nothing here", shown(tag)),
                      "put text that begins with ! in quotes"};
  }

  void open(Mark mark, YamlKind kind, YAML::anchor_t anchor) {
    if (stack_.size() >= kMaxDepth) {
      refuse(mark, "too-deep", fmt::format("nested more than {} levels deep", kMaxDepth));
    }
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    stack_.push_back({std::move(node), mark, anchor});
  }

  void close() {
    const Frame frame = std::move(stack_.back());
    stack_.pop_back();
    if (frame.merges) merge(*frame.node);
    add(frame.mark, frame.node, frame.anchor);
  }

  void add(Mark mark, std::shared_ptr<YamlNode> node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      node->anchored = true;
      anchors_[anchor] = node;
    }
    place(mark, std::move(node));
  }

  bool expects_key() const {
    return !stack_.empty() && stack_.back().node->kind == YamlKind::kMap && !stack_.back().key_read;
  }

  void place(Mark mark, YamlNodePtr node) {
    if (++placed_ > kMaxNodes || node->nodes > kMaxNodes) refuse_size(mark);
    if (stack_.empty()) {
      root_ = std::move(node);
      root_mark_ = mark;
      return;
    }
    if (expects_key()) return place_key(mark, *node);
    Frame& frame = stack_.back();
    frame.node->nodes += node->nodes;
    frame.node->text_bytes += node->text_bytes;
    frame.node->height = std::max(frame.node->height, node->height + 1);
    if (frame.node->nodes > kMaxNodes || frame.node->text_bytes > kMaxTextBytes) refuse_size(mark);
    if (stack_.size() + node->height > kMaxDepth + 1) {
      refuse(mark, "too-deep", fmt::format("nested more than {} levels deep", kMaxDepth));
    }
    if (frame.node->kind == YamlKind::kSequence) frame.node->items.emplace_back();
    frame.node->items.back().mark = mark;
    frame.node->items.back().node = std::move(node);
    frame.key_read = false;
  }

  void place_key(Mark mark, const YamlNode& key) {
    if (key.kind == YamlKind::kSequence || key.kind == YamlKind::kMap) {
      refuse(mark, "key-form", "a key is a plain word, not a list or a map");
    }
    if (key.text.size() > kMaxKeyLength) {
      refuse(mark, "key-form", fmt::format("a key has at most {} characters", kMaxKeyLength));
    }
    stack_.back().node->text_bytes += key.text.size();
    const bool merges = key.text == "<<" && !key.quoted;
    if (merges && stack_.back().merges) {
      throw YamlProblem{mark, "duplicate-key", "'<<' stands here a second time",
                        "write '<<: [*ONE, *OTHER]', the one that wins first"};
    }
    stack_.back().node->items.push_back({key.text, mark, nullptr, {}, merges});
    stack_.back().merges = stack_.back().merges || merges;
    stack_.back().key_read = true;
  }

  [[noreturn]] static void refuse_size(Mark mark) {
    refuse(mark, "too-many-values",
           fmt::format("more than {} values or {} bytes of text, aliases written out", kMaxNodes,
                       kMaxTextBytes));
  }

  std::vector<Frame> stack_{};
  std::map<YAML::anchor_t, YamlNodePtr> anchors_{};
  YamlNodePtr root_{};
  Mark root_mark_{};
  size_t placed_ = 0;
  int documents_ = 0;
};

// Length of the UTF-8 sequence at `at`, or 0 when there is none (RFC 3629).
size_t sequence_length(const std::string& text, size_t at) {
  const auto byte = [&](size_t offset) {
    return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0U;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  for (size_t offset = 1; offset < length; ++offset) {
    if ((byte(offset) & 0xc0U) != 0x80U) return 0;
  }
  const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
  const bool beyond = lead == 0xf4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

std::optional<Mark> first_bad_byte(const std::string& text) {
  Mark mark{1, 1};
  for (size_t at = 0; at < text.size();) {
    const size_t length = sequence_length(text, at);
    if (length == 0 || text[at] == '\0') return mark;
    mark = text[at] == '\n' ? Mark{mark.line + 1, 1} : Mark{mark.line, mark.column + 1};
    at += length;
  }
  return std::nullopt;
}

YamlTree parse_bounded(const std::string& text) {
  if (text.size() > kMaxFileBytes) {
    refuse({1, 1}, "too-large", fmt::format("larger than {} bytes", kMaxFileBytes));
  }
  if (const auto bad = first_bad_byte(text)) refuse(*bad, "encoding", "not UTF-8 text");
  if (auto directive = unknown_directive(text)) throw *std::move(directive);
  TreeBuilder builder;
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  while (parser.HandleNextDocument(builder)) {
  }
  YamlTree tree = std::move(builder).finish();
  // Another language may be one long word to YAML.
  if (tree.root->kind == YamlKind::kScalar) {
    if (auto foreign = foreign_language(text)) throw *std::move(foreign);
  }
  return tree;
}

}  // namespace

YamlTree parse_yaml(const std::string& text) {
  try {
    return parse_bounded(text);
  } catch (const YamlProblem& problem) {
    const bool second = problem.code == kManyDocuments;
    return {.problem = second ? explain_second_document(text, problem.mark) : problem};
  } catch (const YAML::Exception& failure) {
    return {.problem = explain_syntax(text, place_of(failure.mark), failure.msg)};
  }
}

}  // namespace egress::lab
