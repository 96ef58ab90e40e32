// The engines of x86-64, each compiled for the processors that have its instructions: to be called only there.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tw::tcpmd5 {

#if defined(__x86_64__)
void run_md5_sse2(std::uint32_t* state, const std::uint8_t* const* data, std::size_t blocks);
void run_md5_avx2(std::uint32_t* state, const std::uint8_t* const* data, std::size_t blocks);
void run_md5_avx512(std::uint32_t* state, const std::uint8_t* const* data, std::size_t blocks);
#endif

}  // namespace tw::tcpmd5
