// [verify]: what the verifier of signed segments may do, and where it sees the wire.
#pragma once

#include "bgpd/config/reading.h"

#include <span>

namespace tw::bgp::config {

struct VerifyDraft {
  VerifyConfig verify;
  Given given;
};
std::span<const Key<VerifyDraft>> verify_keys();

// REQUIRES: the value is a table.
VerifyConfig read_verify(Reading& reading, const Value& value);

}  // namespace tw::bgp::config
