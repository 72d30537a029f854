// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <functional>
#include <map>

#include "egressctl/render/render.hpp"
#include "egressctl/render/table.hpp"

namespace egress::ctl {

namespace {

// A graph whose nodes contain each other, with short ids that every picture language accepts.
class Tree {
 public:
  explicit Tree(const Json& graph) : edges_(list_of(graph, "edges")) {
    for (const Json& node : list_of(graph, "nodes")) {
      const std::string id = text_of(node, "id");
      ids_.emplace(id, fmt::format("n{}", ids_.size()));
    }
    for (const Json& node : list_of(graph, "nodes")) {
      const std::string parent = text_of(node, "parent");
      children_[ids_.count(parent) == 0 ? "" : parent].push_back(&node);
    }
  }

  const Json& edges() const { return edges_; }
  bool contains_others(const Json& node) const { return children_.count(text_of(node, "id")) != 0; }
  // "" for an end that is no node.
  std::string short_id(const std::string& id) const {
    const auto found = ids_.find(id);
    return found == ids_.end() ? std::string() : found->second;
  }
  // Parents before children; `enter` and `leave` get the node and its depth.
  using Visit = std::function<void(const Json& node, size_t depth)>;
  void walk(const Visit& enter, const Visit& leave) const { walk_below("", 0, enter, leave); }

 private:
  void walk_below(const std::string& parent, size_t depth, const Visit& enter,
                  const Visit& leave) const {
    const auto found = children_.find(parent);
    if (found == children_.end()) return;
    for (const Json* node : found->second) {
      enter(*node, depth);
      walk_below(text_of(*node, "id"), depth + 1, enter, leave);
      leave(*node, depth);
    }
  }

  const Json& edges_;
  std::map<std::string, std::string> ids_{};
  std::map<std::string, std::vector<const Json*>> children_{};
};

std::string label_of(const Json& node, const char* line_break) {
  const std::string kind = text_of(node, "kind");
  const std::string name = text_of(node, "name");
  const std::string detail = text_of(node, "detail");
  std::string label = kind == "internet" ? name : kind + " " + name;
  if (!detail.empty()) label += line_break + detail;
  return label;
}

std::string edge_label(const Json& edge) {
  const std::string detail = text_of(edge, "detail");
  return text_of(edge, "kind") + (detail.empty() ? "" : " " + detail);
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

std::string indented(size_t depth, const std::string& line) {
  return std::string(2 * (depth + 1), ' ') + line + "\n";
}

std::string dot_quoted(const std::string& text) {
  return '"' + replaced(text, "\"", "\\\"") + '"';
}

std::string mermaid_quoted(const std::string& text) {
  return '"' + replaced(replaced(text, "#", "#35;"), "\"", "#quot;") + '"';
}

}  // namespace

std::string render_dot(const Json& graph) {
  const Tree tree(graph);
  std::string text =
      "digraph lab {\n  rankdir=LR;\n  fontname=\"sans-serif\";\n"
      "  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
      "  edge [fontname=\"sans-serif\", fontsize=10];\n";
  tree.walk(
      [&](const Json& node, size_t depth) {
        const std::string id = tree.short_id(text_of(node, "id"));
        const std::string label = dot_quoted(label_of(node, "\\n"));
        if (!tree.contains_others(node)) {
          text += indented(depth, fmt::format("{} [label={}];", id, label));
          return;
        }
        // Edges end at nodes, never at clusters: each cluster has one that stands for it.
        text += indented(depth, fmt::format("subgraph cluster_{} {{", id));
        text += indented(depth + 1, fmt::format("{} [label={}, shape=plaintext];", id, label));
      },
      [&](const Json& node, size_t depth) {
        if (tree.contains_others(node)) text += indented(depth, "}");
      });
  for (const Json& edge : tree.edges()) {
    text +=
        indented(0, fmt::format("{} -> {} [label={}];", tree.short_id(text_of(edge, "from")),
                                tree.short_id(text_of(edge, "to")), dot_quoted(edge_label(edge))));
  }
  return text + "}\n";
}

std::string render_mermaid(const Json& graph) {
  const Tree tree(graph);
  std::string text = "flowchart LR\n";
  tree.walk(
      [&](const Json& node, size_t depth) {
        const std::string id = tree.short_id(text_of(node, "id"));
        const std::string label = mermaid_quoted(label_of(node, "<br/>"));
        text += indented(
            depth,
            fmt::format("{}{}[{}]", tree.contains_others(node) ? "subgraph " : "", id, label));
      },
      [&](const Json& node, size_t depth) {
        if (tree.contains_others(node)) text += indented(depth, "end");
      });
  for (const Json& edge : tree.edges()) {
    text += indented(
        0, fmt::format("{} -->|{}| {}", tree.short_id(text_of(edge, "from")),
                       mermaid_quoted(edge_label(edge)), tree.short_id(text_of(edge, "to"))));
  }
  return text;
}

std::string render_graph(const Json& graph, const Screen& screen) {
  const Tree tree(graph);
  std::map<std::string, std::string> leads_to;
  for (const Json& edge : tree.edges()) {
    std::string& line = leads_to[text_of(edge, "from")];
    line +=
        fmt::format("{}{} ({})", line.empty() ? "" : ", ", text_of(edge, "to"), edge_label(edge));
  }
  Table table({"Resource", "Detail", "Leads to"});
  tree.walk(
      [&](const Json& node, size_t depth) {
        table.add(
            {std::string(2 * depth, ' ') +
                 label_of({{"kind", text_of(node, "kind")}, {"name", text_of(node, "name")}}, ""),
             text_of(node, "detail"), leads_to[text_of(node, "id")]});
      },
      [](const Json&, size_t) {});
  return table.to_string(screen);
}

}  // namespace egress::ctl
