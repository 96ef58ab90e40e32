// docs/CONFIGURATION.md says what the schema says: its reference is made from the same table that the parser walks.
//
// After a change of the schema, run with TRUEWIRE_UPDATE_DOCS=1.
#include "bgpd/config/config.h"
#include "bgpd/config/document.h"
#include "bgpd/config/key.h"
#include "bgpd/config/session_keys.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace tw::bgp::config {
namespace {

const std::filesystem::path kDocument = std::filesystem::path(TRUEWIRE_VECTORS) / "../../docs/CONFIGURATION.md";
constexpr std::string_view kBegin = "<!-- reference: begin -->\n", kEnd = "<!-- reference: end -->\n";

std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string range_of(const KeyInfo& key) {
  std::string text;
  if (!key.values.empty()) {
    text = key.values;
  } else if (key.min != 0 || key.max != 0) {
    text = std::to_string(key.min) + " to " + std::to_string(key.max);
    if (!key.unit.empty()) text += " " + std::string(key.unit);
  }
  return text.empty() ? "" : ": " + text;
}

std::string reload_word(const KeyInfo& key) {
  switch (key.reload) {
    case ReloadClass::kNothing: return "";
    case ReloadClass::kLive: return "live";
    case ReloadClass::kRefresh: return "refresh";
    case ReloadClass::kReset: return "reset";
    case ReloadClass::kRestart: return "restart";
  }
  return "";
}

std::string row(const KeyInfo& key) {
  const std::string name = "`" + std::string(key.name) + "`";
  if (!key.supported)
    return "| " + name + " | " + cell(std::string(key.type)) + " | | | Not supported by this version. " +
           cell(std::string(key.help)) + " |\n";
  const std::string by_default = key.required ? "required" : std::string(key.default_text);
  const std::string example =
      key.example.empty() ? "" : " `" + std::string(key.name) + " = " + std::string(key.example) + "`";
  return "| " + name + " | " + cell(std::string(key.type) + range_of(key)) + " | " + cell(by_default) + " | " +
         (key.example.empty() ? "" : reload_word(key)) + " | " + cell(std::string(key.help) + example) + " |\n";
}

std::string reference() {
  std::string text;
  for (const Section& section : schema()) {
    text += "\n### " + std::string(section.name) + "\n\n" + std::string(section.help) +
            "\n\n| Key | Type and values | Default | Reload | Meaning and example |\n|---|---|---|---|---|\n";
    for (const KeyInfo* key : section.keys) text += row(*key);
  }
  return text + "\n";
}

TEST(Reference, IsWhatTheSchemaSays) {
  std::string document = read_all(kDocument);
  const std::size_t begin = document.find(kBegin), end = document.find(kEnd);
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos && begin < end);
  const std::size_t from = begin + kBegin.size();
  if (std::getenv("TRUEWIRE_UPDATE_DOCS")) {
    std::ofstream(kDocument, std::ios::binary) << document.replace(from, end - from, reference());
  } else {
    EXPECT_EQ(document.substr(from, end - from), reference());
  }
}

TEST(Reference, ExampleOfTheDocumentIsLegal) {
  const std::string document = read_all(kDocument);
  std::size_t examples = 0;
  for (std::size_t at = 0; (at = document.find("```toml\n", at)) != std::string::npos; ++examples) {
    at += 8;
    const std::string text = document.substr(at, document.find("```", at) - at);
    const LoadResult result = parse_config(text, "example.toml");
    if (result) {
      EXPECT_TRUE(result->warnings.empty()) << result->warnings.front().text();
    } else {
      ADD_FAILURE() << result.error().front().text() << "\n" << text;
    }
  }
  EXPECT_GE(examples, 2U);
}

TEST(Schema, EveryKeyIsExplained) {
  for (const Section& section : schema()) {
    std::set<std::string_view> seen;
    EXPECT_FALSE(section.help.empty()) << section.name;
    for (const KeyInfo* key : section.keys) {
      EXPECT_FALSE(key->help.empty() || key->type.empty()) << section.name << " " << key->name;
      EXPECT_TRUE(seen.insert(key->name).second) << section.name << " has " << key->name << " twice";
      EXPECT_LE(key->min, key->max) << key->name;
    }
  }
}

TEST(Schema, EveryExampleIsToml) {
  for (const Section& section : schema()) {
    for (const KeyInfo* key : section.keys) {
      if (key->example.empty()) {
        EXPECT_TRUE(key->type == "table" || key->type == "tables") << section.name << " " << key->name;
        continue;
      }
      const auto document = parse_document(std::string(key->name) + " = " + std::string(key->example));
      EXPECT_TRUE(std::holds_alternative<Table>(document)) << section.name << " " << key->name;
    }
  }
}

TEST(Schema, EveryExampleOfASessionKeyIsLegal) {
  for (const SessionKey& key : session_keys()) {
    const std::string name(key.info.name);
    std::string text = "[speaker]\nas = 112\nrouter-id = \"203.0.113.1\"\n[[neighbor]]\naddress = \"192.0.2.1\"\n";
    if (name != "as") text += name == "route-reflector-client" ? "as = 112\n" : "as = 64496\n";
    if (name == "strict-role") text += "role = \"peer\"\n";
    const LoadResult result = parse_config(text + name + " = " + std::string(key.info.example) + "\n", "example");
    EXPECT_TRUE(result) << result.error().front().text();
  }
}

}  // namespace
}  // namespace tw::bgp::config
