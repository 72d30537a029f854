// SPDX-License-Identifier: MIT
#pragma once

// The parts of the loader: the whole, and what reads one resource of each kind. They check what
// only the file's own form can show; what ties objects together is validate.hpp's business.

#include <optional>

#include "lab/read/yaml_reader.hpp"
#include "lab/service_tags.hpp"

namespace egress::lab {

// The whole file, read and judged. `before` may be null: a lab whose service tags are taken over
// when the file names the same file of tags.
Loaded read_lab(const YamlTree& tree, const std::string& file, const ReadFile& read_file,
                const Lab* before);

VirtualNetwork read_virtual_network(Reader& reader, const Value& value,
                                    const std::string& location_of_lab);
// Every tag is taken as it is when `tags` is null: the file that declares them was not read.
NetworkSecurityGroup read_network_security_group(Reader& reader, const Value& value,
                                                 const TagNames* tags);
RouteTable read_route_table(Reader& reader, const Value& value, const TagNames* tags);
ServerFarm read_server_farm(Reader& reader, const Value& value);
Site read_site(Reader& reader, const Value& value);
Host read_host(Reader& reader, const Value& value);
Expectation read_expectation(Reader& reader, const Value& value);
// Azure spells regions both ways: "West Europe" and "westeurope".
std::optional<std::string> read_location(Reader& reader, const Value& value);

// Makes references say names as they were declared. One that nothing declares stays as it is.
void resolve_references(Lab& lab);

}  // namespace egress::lab
