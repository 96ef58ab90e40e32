// libFuzzer target: see check_open() in message_invariants.h.
#include "tests/fuzz/message_invariants.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tw::bgp::fuzz::check_open({data, size});
  return 0;
}
