#include "bgpd/speaker/route_store.h"

#include "bgpd/message/attributes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace tw::bgp {
namespace {

constexpr const char* kSchema =
    "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS route (prefix TEXT PRIMARY KEY, next_hop TEXT NOT NULL, med INTEGER, local_pref "
    "INTEGER,"
    " communities TEXT NOT NULL, large_communities TEXT NOT NULL, as_path TEXT NOT NULL) STRICT;";

struct Statement {
  Statement(sqlite3* database, const char* text) { sqlite3_prepare_v2(database, text, -1, &handle, nullptr); }
  ~Statement() { sqlite3_finalize(handle); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(int at, std::string_view text) {
    sqlite3_bind_text(handle, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  }
  void bind(int at, std::optional<std::uint32_t> number) {
    if (number)
      sqlite3_bind_int64(handle, at, *number);
    else
      sqlite3_bind_null(handle, at);
  }
  std::string text(int column) const {
    const auto* value = sqlite3_column_text(handle, column);
    return value ? reinterpret_cast<const char*>(value) : "";
  }
  std::optional<std::uint32_t> number(int column) const {
    if (sqlite3_column_type(handle, column) == SQLITE_NULL) return std::nullopt;
    return static_cast<std::uint32_t>(sqlite3_column_int64(handle, column));
  }

  sqlite3_stmt* handle = nullptr;
};

// Calls `take` with every word; whether all were taken.
template <class Take>
bool each_word(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    if (!take(text.substr(0, end))) return false;
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return true;
}

std::optional<RouteSpec> read_row(const Statement& row) {
  RouteSpec spec;
  spec.persistent = true;
  const auto prefix = rib::parse_prefix(row.text(0));
  if (!prefix) return std::nullopt;
  spec.prefix = *prefix;
  if (const std::string next_hop = row.text(1); !next_hop.empty()) {
    spec.next_hop = rib::parse_address(next_hop);
    if (!spec.next_hop) return std::nullopt;
  }
  spec.med = row.number(2);
  spec.local_pref = row.number(3);
  const bool good =
      each_word(row.text(4),
                [&](std::string_view word) {
                  const auto community = parse_community(word);
                  if (community) spec.communities.push_back(*community);
                  return community.has_value();
                }) &&
      each_word(row.text(5),
                [&](std::string_view word) {
                  const auto c = parse_large_community(word);
                  if (c) spec.large_communities.push_back({c->global, c->local1, c->local2});
                  return c.has_value();
                }) &&
      each_word(row.text(6), [&](std::string_view word) {
        spec.as_path.push_back({static_cast<std::uint32_t>(std::strtoul(std::string(word).c_str(), nullptr, 10))});
        return true;
      });
  return good ? std::optional(spec) : std::nullopt;
}

void bind_row(Statement& statement, const RouteSpec& spec) {
  std::vector<std::string> communities, large, path;
  for (const auto community : spec.communities) communities.push_back(community_text(community));
  for (const auto& c : spec.large_communities) large.push_back(large_community_text({c[0], c[1], c[2]}));
  for (const auto as : spec.as_path) path.push_back(std::to_string(as.value));
  statement.bind(1, rib::to_string(spec.prefix));
  statement.bind(2, spec.next_hop ? rib::to_string(*spec.next_hop) : "");
  statement.bind(3, spec.med);
  statement.bind(4, spec.local_pref);
  statement.bind(5, fmt::format("{}", fmt::join(communities, " ")));
  statement.bind(6, fmt::format("{}", fmt::join(large, " ")));
  statement.bind(7, fmt::format("{}", fmt::join(path, " ")));
}

}  // namespace

struct RouteStore::Database {
  sqlite3* handle = nullptr;
  std::string path;
  ~Database() { sqlite3_close(handle); }

  bool execute(const char* text) const { return sqlite3_exec(handle, text, nullptr, nullptr, nullptr) == SQLITE_OK; }
  std::string error() const { return fmt::format("{}: {}", path, sqlite3_errmsg(handle)); }

  // Runs `fill` and steps `statement` once per item, in one transaction.
  template <class Items, class Fill>
  std::optional<std::string> write(const char* text, const Items& items, Fill fill) const {
    if (!execute("BEGIN IMMEDIATE")) return error();
    for (const auto& item : items) {
      Statement statement(handle, text);
      if (statement.handle) fill(statement, item);
      if (!statement.handle || sqlite3_step(statement.handle) != SQLITE_DONE) return roll_back();
    }
    if (!execute("COMMIT")) return roll_back();
    return std::nullopt;
  }
  std::string roll_back() const {
    std::string why = error();
    execute("ROLLBACK");
    return why;
  }
};

RouteStore::RouteStore() = default;
RouteStore::~RouteStore() = default;

std::optional<std::string> RouteStore::open(const std::string& state_directory) {
  std::error_code failed;
  std::filesystem::create_directories(state_directory, failed);
  if (failed) {
    closed_because_ = fmt::format("cannot make the state directory {}: {}", state_directory, failed.message());
    return closed_because_;
  }
  auto database = std::make_unique<Database>();
  database->path = state_directory + "/routes.db";
  const bool opened = sqlite3_open_v2(database->path.c_str(), &database->handle,
                                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) == SQLITE_OK;
  if (!opened || !database->execute(kSchema)) {
    closed_because_ = fmt::format("cannot use {}; persistent routes are refused", database->error());
    return closed_because_;
  }
  sqlite3_busy_timeout(database->handle, 1000);
  database_ = std::move(database);
  return std::nullopt;
}

RouteStore::Loaded RouteStore::load() {
  Loaded out;
  if (!database_) return out;
  const Statement rows(database_->handle,
                       "SELECT prefix, next_hop, med, local_pref, communities, large_communities, as_path FROM route");
  while (rows.handle && sqlite3_step(rows.handle) == SQLITE_ROW) {
    if (const auto spec = read_row(rows))
      out.routes.push_back(*spec);
    else
      out.unreadable.push_back(fmt::format("{}: the row of \"{}\" cannot be read", database_->path, rows.text(0)));
  }
  return out;
}

std::optional<std::string> RouteStore::save(const std::vector<RouteSpec>& routes) {
  if (!database_) return closed_because_;
  return database_->write("INSERT OR REPLACE INTO route VALUES (?, ?, ?, ?, ?, ?, ?)", routes, bind_row);
}

std::optional<std::string> RouteStore::erase(const std::vector<rib::Prefix>& prefixes) {
  if (!database_) return closed_because_;
  return database_->write(
      "DELETE FROM route WHERE prefix = ?", prefixes,
      [](Statement& statement, const rib::Prefix& prefix) { statement.bind(1, rib::to_string(prefix)); });
}

}  // namespace tw::bgp
