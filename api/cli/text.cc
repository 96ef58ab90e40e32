// Plain formatting; nothing here knows what it prints.
#include "api/cli/text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

namespace tw::cli {

std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7F) c = '?';
  }
  return out;
}

std::string short_duration(std::chrono::seconds duration) {
  const auto total = std::max<std::int64_t>(duration.count(), 0);
  const auto days = total / 86'400, hours = total / 3600 % 24, minutes = total / 60 % 60, seconds = total % 60;
  if (days >= 14) return fmt::format("{}w{}d", days / 7, days % 7);
  if (days > 0) return fmt::format("{}d{:02}h", days, hours);
  if (hours > 0) return fmt::format("{:02}:{:02}:{:02}", hours, minutes, seconds);
  if (minutes > 0) return fmt::format("{:02}:{:02}", minutes, seconds);
  return fmt::format("{}s", seconds);
}

std::string local_time(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(std::chrono::system_clock::to_time_t(time)));
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* next : {"KiB", "MiB", "GiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return fmt::format("{:.1f} {}", value, unit);
}

void TextTable::add(std::vector<std::string> row) {
  for (std::string& cell : row) cell = printable(cell);
  rows_.push_back(std::move(row));
}

void TextTable::print(std::ostream& out) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); i++) {
    std::size_t width = columns_[i].title.size();
    for (const auto& row : rows_) width = std::max(width, row[i].size());
    widths.push_back(width);
  }
  const auto line = [&](const auto& cell) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); i++) {
      if (i > 0) text += "  ";
      text += columns_[i].align == Align::kRight ? fmt::format("{:>{}}", cell(i), widths[i])
                                                 : fmt::format("{:<{}}", cell(i), widths[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  };
  line([&](std::size_t i) { return columns_[i].title; });
  for (const auto& row : rows_) line([&](std::size_t i) { return row[i]; });
}

void Details::add(std::string label, std::string value) {
  if (!value.empty()) lines_.emplace_back(std::move(label), printable(value));
}

void Details::print(std::ostream& out) const {
  std::size_t width = 0;
  for (const auto& [label, value] : lines_) width = std::max(width, label.size());
  for (const auto& [label, value] : lines_) out << fmt::format("  {:<{}} {}\n", label + ":", width + 1, value);
}

}  // namespace tw::cli
