// libFuzzer target: see check_update() in message_invariants.h.
#include "tests/fuzz/message_invariants.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tw::bgp::fuzz::check_update({data, size});
  return 0;
}
