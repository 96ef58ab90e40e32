// Between the speaker's values and the messages of truewire.v1. Pure; thread-safe.
//
// What comes from a client is checked here: a function that reads a request returns the value, or a status whose text
// names the field, what it held, and what it may hold.
#pragma once

#include "bgpd/speaker/control.h"
#include "truewire/v1/neighbors.pb.h"
#include "truewire/v1/routes.pb.h"
#include "truewire/v1/speaker.pb.h"

#include <chrono>
#include <optional>
#include <string>
#include <variant>

namespace tw::api {

namespace v1 = ::truewire::v1;

template <class T>
using Parsed = std::variant<T, std::string>;  // the value, or what is wrong with it

std::string dotted_quad(std::uint32_t host_order);
void fill(google::protobuf::Timestamp& out, std::chrono::system_clock::time_point time);
void fill(google::protobuf::Duration& out, std::chrono::milliseconds duration);

v1::Family to_proto(rib::Family family);
Parsed<std::optional<rib::Family>> family_from(v1::Family family);  // unspecified: nothing
Parsed<rib::IpAddress> address_from(const std::string& field, const std::string& text);
Parsed<rib::Prefix> prefix_from(const std::string& text);

void fill(v1::Neighbor& out, const bgp::NeighborStatus& status);
void fill(v1::NeighborEvent& out, const bgp::NeighborEvent& event);

void fill(v1::PathAttributes& out, bgp::ByteView canonical);
void fill(v1::Route& out, const bgp::Route& route);
void fill(v1::RouteChange& out, const bgp::RouteChange& change);
void fill(v1::RouteStatus& out, const bgp::Status& status);
Parsed<bgp::RouteQuery> query_from(const v1::ListRoutesRequest& request);
Parsed<bgp::RouteSpec> spec_from(const v1::RouteSpec& spec);

void fill(v1::Readiness& out, const bgp::Readiness& readiness);
void fill(v1::GetSpeakerResponse& out, const bgp::SpeakerTotals& totals);  // all but readiness

}  // namespace tw::api
