#include "bgpd/speaker/log.h"

#include <fmt/chrono.h>

#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>

namespace tw::log {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"trace", "debug", "info", "warning", "error"};

std::atomic<Level> g_level{Level::kInfo};
std::atomic<bool> g_json{false};
std::mutex g_output;

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), millis);
}

std::string render(Level level, std::string_view event, std::string_view neighbor, std::string_view message) {
  const std::string_view name = kNames[static_cast<std::size_t>(level)];
  if (!g_json) {
    if (neighbor.empty()) return fmt::format("{} {} {}: {}\n", timestamp(), name, event, message);
    return fmt::format("{} {} {}: neighbor {}: {}\n", timestamp(), name, event, neighbor, message);
  }
  std::string out = fmt::format(R"({{"time":"{}","level":"{}","event":"{}")", timestamp(), name, event);
  if (!neighbor.empty()) {
    out += ",\"neighbor\":";
    append_json_string(out, neighbor);
  }
  out += ",\"message\":";
  append_json_string(out, message);
  return out + "}\n";
}

}  // namespace

void configure(Level level, bool json) {
  g_level = level;
  g_json = json;
}

bool enabled(Level level) { return level >= g_level.load(std::memory_order_relaxed); }

Level level_named(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == text) return static_cast<Level>(i);
  return Level::kInfo;
}

void write(Level level, std::string_view event, std::string_view neighbor, std::string_view message) {
  if (!enabled(level)) return;
  const std::string text = render(level, event, neighbor, message);
  const std::scoped_lock lock(g_output);
  // A log that cannot be written must not stop routing: what the descriptor does not take is lost.
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data() + done, text.size() - done);
    if (n <= 0) return;
    done += static_cast<std::size_t>(n);
  }
}

bool Throttle::pass(std::chrono::steady_clock::time_point now, std::uint64_t& suppressed) {
  if (now - last_ >= interval_) left_ = burst_;
  if (left_ <= 0) {
    ++suppressed_;
    return false;
  }
  --left_;
  last_ = now;
  suppressed = suppressed_;
  suppressed_ = 0;
  return true;
}

}  // namespace tw::log
