// The daemon's log: one line an event, naming what happened, the neighbour and the cause.
//
// Text for people or JSON for programs, to standard error. Thread-safe. Keys never get here: nothing that holds one can
// be printed (tcpmd5/key.h).
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tw::log {

enum class Level : std::uint8_t { kTrace, kDebug, kInfo, kWarning, kError };

void configure(Level level, bool json);
bool enabled(Level level);
Level level_named(std::string_view text);  // unknown text: kInfo

// `event`: a stable word for programs ("session-up"); `neighbor`: an address, or empty; `message`: for people.
void write(Level level, std::string_view event, std::string_view neighbor, std::string_view message);

template <class... Args>
void line(Level level, std::string_view event, std::string_view neighbor, fmt::format_string<Args...> format,
          Args&&... args) {
  if (enabled(level)) write(level, event, neighbor, fmt::format(format, std::forward<Args>(args)...));
}

// Lets a burst through, then one line per interval, and says how many it left out. Not thread-safe.
class Throttle {
 public:
  explicit Throttle(int burst = 5, std::chrono::seconds interval = std::chrono::seconds(10))
      : burst_(burst), left_(burst), interval_(interval) {}
  // Whether to write now; `suppressed` is how many were left out since the last that was.
  bool pass(std::chrono::steady_clock::time_point now, std::uint64_t& suppressed);

 private:
  int burst_, left_;
  std::chrono::seconds interval_;
  std::chrono::steady_clock::time_point last_{};
  std::uint64_t suppressed_ = 0;
};

}  // namespace tw::log
