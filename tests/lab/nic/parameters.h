// A fault as it is asked for: "NAME,key=value,…".
//
// Pure; a value. Every parameter must be asked for by somebody, so that a mistyped one is an error.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace tw::lab {

class Parameters {
 public:
  // Throws std::invalid_argument, as all that follow, with a line for people.
  static Parameters parse(std::string_view specification);

  const std::string& name() const { return name_; }
  std::string text(const std::string& key, const std::string& otherwise) const;
  // Decimal, not negative.
  std::uint64_t number(const std::string& key, std::uint64_t otherwise) const;
  double fraction(const std::string& key, double otherwise) const;  // 0 … 1
  bool is_set(const std::string& key) const;
  void refuse_unknown() const;

 private:
  const std::string* find(const std::string& key) const;

  std::string name_;
  std::map<std::string, std::string> values_;
  mutable std::set<std::string> asked_for_;
};

}  // namespace tw::lab
