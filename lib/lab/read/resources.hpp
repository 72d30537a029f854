// SPDX-License-Identifier: MIT
#pragma once

// The parts of the loader: the whole, and what reads one top-level map of the file. They check what
// only the file's own form can show; what ties objects together is validate.hpp's business.

#include <optional>

#include "lab/read/yaml_reader.hpp"
#include "lab/service_tags.hpp"

namespace egress::lab {

using MaybeValue = std::optional<Value>;

// The whole file, read and judged. `before` may be null: a lab whose service tags are taken over
// when the file names the same file of tags.
Loaded read_lab(const YamlTree& tree, const std::string& file, const ReadFile& read_file,
                const Lab* before);

// Every tag is taken as it is when `tags` is null: the file that declares them was not read.
void read_virtual_networks(Reader& reader, const MaybeValue& value, Lab& lab);
void read_network_security_groups(Reader& reader, const MaybeValue& value, const TagNames* tags,
                                  Lab& lab);
void read_route_tables(Reader& reader, const MaybeValue& value, const TagNames* tags, Lab& lab);
void read_application_security_groups(Reader& reader, const MaybeValue& value, Lab& lab);
void read_server_farms(Reader& reader, const MaybeValue& value, Lab& lab);
void read_sites(Reader& reader, const MaybeValue& value, Lab& lab);
void read_hosts(Reader& reader, const MaybeValue& value, Lab& lab);
void read_expectations(Reader& reader, const MaybeValue& value, Lab& lab);

// The canonical spelling of a service tag.
std::optional<std::string> read_service_tag(Reader& reader, const Value& value,
                                            const std::string& text, const TagNames* tags);

// Azure spells regions both ways: "West Europe" and "westeurope".
std::optional<std::string> read_location(Reader& reader, const Value& value);

// Makes references say names as they were declared. One that nothing declares stays as it is.
void resolve_references(Lab& lab);

// The resources in an optional map.
inline std::vector<Value> named(Reader& reader, const MaybeValue& value) {
  return value ? reader.names(*value) : std::vector<Value>{};
}

}  // namespace egress::lab
