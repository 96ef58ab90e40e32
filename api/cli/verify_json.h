// The verifier's state as JSON: numbers are numbers, times RFC 3339, knobs the words of `ethtool -K`. Pure.
//
// docs/API.md has the fields; programs rely on them.
#pragma once

#include "truewire/v1/verify.pb.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tw::cli {

std::string json_text(std::string_view text);  // in quotes. REQUIRES: UTF-8
// Text from elsewhere as UTF-8: what is none, and what terminals obey, becomes U+FFFD.
std::string clean(std::string_view text);
std::string json_list(const std::vector<std::string>& values);
// Fields in the order given; the values are JSON.
std::string json_object(const std::vector<std::pair<std::string_view, std::string>>& fields);

// How often segments of ours were checked: on the wire where a vantage sees them, else as they were handed to the NIC.
struct SentSegments {
  std::uint64_t valid = 0, invalid = 0;
  std::uint64_t checked() const { return valid + invalid; }
};
SentSegments sent_segments(const ::truewire::v1::VerifyCounts& counts);

std::string_view confidence_word(::truewire::v1::Confidence confidence);  // empty: there is none

std::string to_json(const ::truewire::v1::NeighborVerification& neighbor);
std::string to_json(const ::truewire::v1::Verdict& verdict);
std::string to_json(const ::truewire::v1::Remedy& remedy);
std::string to_json(const ::truewire::v1::GetVerificationResponse& verification,
                    const ::truewire::v1::ListVerdictsResponse& verdicts,
                    const ::truewire::v1::ListRemediesResponse& remedies);

template <class Messages>
std::string to_json_list(const Messages& messages) {
  std::vector<std::string> values;
  for (const auto& message : messages) values.push_back(to_json(message));
  return json_list(values);
}

}  // namespace tw::cli
