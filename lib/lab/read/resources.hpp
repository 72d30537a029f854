// SPDX-License-Identifier: MIT
#pragma once

// The parts of the loader: each reads one top-level map of the file into the lab. They check what
// only the file's own form can show; what ties objects together is validate.hpp's business.

#include <optional>

#include "lab/read/yaml_reader.hpp"
#include "lab/service_tags.hpp"

namespace egress::lab {

using MaybeValue = std::optional<Value>;

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

// The entries of an optional map.
inline std::vector<Value> entries_of(Reader& reader, const MaybeValue& value) {
  return value ? reader.entries(*value) : std::vector<Value>{};
}

}  // namespace egress::lab
