// Where decoy streams are awaited. A port of their own, fixed, so that taps and firewalls know it beforehand.
#pragma once

#include <cstdint>

namespace tw::tcpmd5 {

inline constexpr std::uint16_t kDecoyPort = 10179;

}  // namespace tw::tcpmd5
