#include "tests/lab/nic/parameters.h"

#include <charconv>
#include <stdexcept>

namespace tw::lab {
namespace {

template <typename Number>
Number parsed(const std::string& key, const std::string& text) {
  Number value{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size())
    throw std::invalid_argument(key + "=" + text + ": a number is wanted");
  return value;
}

}  // namespace

Parameters Parameters::parse(std::string_view specification) {
  Parameters result;
  bool first = true;
  while (first || !specification.empty()) {
    const std::string_view word = specification.substr(0, specification.find(','));
    specification.remove_prefix(std::min(specification.size(), word.size() + 1));
    const std::size_t equals = word.find('=');
    if (first) {
      result.name_ = word;
    } else if (equals == std::string_view::npos) {
      throw std::invalid_argument(std::string(word) + ": key=value is wanted");
    } else {
      result.values_[std::string(word.substr(0, equals))] = word.substr(equals + 1);
    }
    first = false;
  }
  return result;
}

const std::string* Parameters::find(const std::string& key) const {
  asked_for_.insert(key);
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

std::string Parameters::text(const std::string& key, const std::string& otherwise) const {
  const std::string* value = find(key);
  return value ? *value : otherwise;
}

std::uint64_t Parameters::number(const std::string& key, std::uint64_t otherwise) const {
  const std::string* value = find(key);
  return value ? parsed<std::uint64_t>(key, *value) : otherwise;
}

double Parameters::fraction(const std::string& key, double otherwise) const {
  const std::string* value = find(key);
  const double result = value ? parsed<double>(key, *value) : otherwise;
  if (!(result >= 0 && result <= 1)) throw std::invalid_argument(key + ": between 0 and 1");
  return result;
}

bool Parameters::is_set(const std::string& key) const { return find(key) != nullptr; }

void Parameters::refuse_unknown() const {
  for (const auto& [key, value] : values_)
    if (!asked_for_.contains(key)) throw std::invalid_argument(name_ + " has no parameter " + key);
}

}  // namespace tw::lab
