// The verifier's state in one line, for /readyz. Pure; thread-safe.
#pragma once

#include "api/verify_snapshot.h"

#include <optional>
#include <string>

namespace tw::api {

// "verifier: mode heal, 1 vantage, no fault", "verifier: mode heal, no vantage; eth0: TSO proven guilty, off since …".
// Nothing: it did not answer in time.
std::string verifier_line(const std::optional<VerifySnapshot>& snapshot);

}  // namespace tw::api
