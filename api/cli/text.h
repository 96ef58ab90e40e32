// Output for people: aligned tables and short forms of times and numbers. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace tw::cli {

// Text that came from elsewhere, made safe for a terminal: control characters become '?'.
std::string printable(std::string_view text);

// "42s", "05:12", "01:02:03", "3d04h", "12w3d".
std::string short_duration(std::chrono::seconds duration);
std::string local_time(std::chrono::system_clock::time_point time);  // "2026-01-31 12:00:00"
std::string bytes_text(std::uint64_t bytes);                         // "512 B", "3.4 MiB"

class TextTable {
 public:
  enum class Align : std::uint8_t { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> row);  // REQUIRES: as many cells as columns
  // Two spaces between columns, none at line ends.
  void print(std::ostream& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "Label:  value" lines, the values in one column; empty values are left out.
class Details {
 public:
  void add(std::string label, std::string value);
  void print(std::ostream& out) const;

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

}  // namespace tw::cli
