// libFuzzer target: see check_stream() in message_invariants.h.
#include "tests/fuzz/message_invariants.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tw::bgp::fuzz::check_stream({data, size});
  return 0;
}
