#include "tcpmd5/offload/remedy_store.h"

#include "tcpmd5/offload/stored_text.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace tw::tcpmd5 {
namespace {

constexpr int kSchemaVersion = 1;

// In this order, as Statement binds and reads them.
constexpr std::string_view kDeviceColumns = "name TEXT NOT NULL, permanent_address TEXT NOT NULL, driver TEXT NOT NULL";
constexpr std::string_view kDeviceKey = "PRIMARY KEY (name, permanent_address, driver)";
constexpr std::string_view kVerdictColumns =
    "at INTEGER NOT NULL, device TEXT NOT NULL, peer TEXT NOT NULL, fault TEXT NOT NULL, evidence TEXT NOT NULL,"
    " confidence TEXT NOT NULL, text TEXT NOT NULL, story TEXT NOT NULL, culprits TEXT NOT NULL, proven TEXT NOT NULL,"
    " suspected TEXT NOT NULL, consequences TEXT NOT NULL, innocent TEXT NOT NULL, fixed TEXT NOT NULL,"
    " ignored TEXT NOT NULL, seconds_to_mitigated REAL, seconds_to_proven REAL";
constexpr std::string_view kVerdictPlaces = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";
constexpr std::array kVerdictKnobs{&StoredVerdict::culprits,     &StoredVerdict::proven,   &StoredVerdict::suspected,
                                   &StoredVerdict::consequences, &StoredVerdict::innocent, &StoredVerdict::fixed,
                                   &StoredVerdict::ignored};

std::string schema() {
  return fmt::format(
      "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
      "CREATE TABLE IF NOT EXISTS trial ({0}, begun_at INTEGER NOT NULL, before TEXT NOT NULL, {1}) STRICT;"
      "CREATE TABLE IF NOT EXISTS remedy ({0}, off TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,"
      " cpu_ns_per_byte_before REAL, cpu_ns_per_byte_after REAL, {2}, {1}) STRICT;"
      "CREATE TABLE IF NOT EXISTS verdict (id INTEGER PRIMARY KEY AUTOINCREMENT, {2}) STRICT;",
      kDeviceColumns, kDeviceKey, kVerdictColumns);
}

// A statement being filled from the left and read from the left.
class Statement {
 public:
  Statement(sqlite3* database, const std::string& text) {
    sqlite3_prepare_v2(database, text.c_str(), -1, &handle_, nullptr);
  }
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  int step() { return handle_ == nullptr ? SQLITE_ERROR : sqlite3_step(handle_); }

  Statement& bind(std::string_view text) {
    sqlite3_bind_text64(handle_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
  }
  Statement& bind(std::int64_t number) {
    sqlite3_bind_int64(handle_, ++bound_, number);
    return *this;
  }
  Statement& bind(std::optional<double> number) {
    ++bound_;
    if (number) sqlite3_bind_double(handle_, bound_, *number);
    return *this;
  }
  Statement& bind(StoredTime at) { return bind(at.time_since_epoch().count()); }
  Statement& bind(const DeviceIdentity& device) {
    return bind(device.name).bind(device.permanent_address).bind(device.driver);
  }
  Statement& bind(const StoredVerdict& it) {
    bind(it.at).bind(it.device).bind(it.peer).bind(it.fault).bind(it.evidence).bind(it.confidence).bind(it.text);
    bind(to_stored(it.story));
    for (const auto knobs : kVerdictKnobs) bind(to_stored(it.*knobs));
    return bind(it.seconds_to_mitigated).bind(it.seconds_to_proven);
  }

  std::string text(int column) const {
    const auto* value = sqlite3_column_text(handle_, column);
    return value ? reinterpret_cast<const char*>(value) : "";
  }
  std::int64_t number(int column) const { return sqlite3_column_int64(handle_, column); }
  std::optional<double> real(int column) const {
    if (sqlite3_column_type(handle_, column) == SQLITE_NULL) return std::nullopt;
    return sqlite3_column_double(handle_, column);
  }
  StoredTime time(int column) const { return StoredTime(std::chrono::milliseconds(number(column))); }
  DeviceIdentity device(int column) const { return {text(column), text(column + 1), text(column + 2)}; }
  std::optional<StoredVerdict> verdict(int column) const {
    StoredVerdict it{.at = time(column), .device = text(column + 1), .peer = text(column + 2)};
    it.fault = text(column + 3);
    it.evidence = text(column + 4);
    it.confidence = text(column + 5);
    it.text = text(column + 6);
    it.story = lines_from_stored(text(column + 7));
    column += 8;
    for (const auto knobs : kVerdictKnobs) {
      const auto stored = knobs_from_stored(text(column++));
      if (!stored) return std::nullopt;
      it.*knobs = *stored;
    }
    it.seconds_to_mitigated = real(column);
    it.seconds_to_proven = real(column + 1);
    return it;
  }

 private:
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

}  // namespace

struct RemedyStore::Database {
  sqlite3* handle = nullptr;
  std::string path;
  ~Database() { sqlite3_close(handle); }

  bool execute(const std::string& text) const {
    return sqlite3_exec(handle, text.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  std::string error() const {
    const int code = sqlite3_errcode(handle);
    const bool damaged = code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
    return fmt::format("{}: {}{}", path, sqlite3_errmsg(handle),
                       damaged ? "; move the file away to begin anew (what it knows of changed offloads is lost)" : "");
  }
  // Runs one statement that changes something; by itself it is all or nothing.
  template <class Fill>
  std::optional<std::string> write(const std::string& text, const Fill& fill) const {
    Statement statement(handle, text);
    fill(statement);
    return statement.step() == SQLITE_DONE ? std::nullopt : std::optional(error());
  }
  // `read` makes a row of the statement's; nothing: it cannot be understood.
  template <class Row, class Read>
  std::variant<StoredRows<Row>, std::string> read(const std::string& text, std::int64_t limit, const Read& read) const {
    Statement statement(handle, text);
    statement.bind(limit);
    StoredRows<Row> out;
    for (;;) {
      const int result = statement.step();
      if (result == SQLITE_DONE) return out;
      if (result != SQLITE_ROW) return error();
      if (auto row = read(statement))
        out.rows.push_back(std::move(*row));
      else
        out.unreadable.push_back(fmt::format("{}: cannot understand what is stored of {}", path, statement.text(0)));
    }
  }
  // Refuses what a later release may have written in another form.
  std::optional<std::string> check_version() const {
    std::int64_t version = 0;
    {
      Statement statement(handle, "PRAGMA user_version");
      if (statement.step() != SQLITE_ROW) return error();
      version = statement.number(0);
    }
    if (version > kSchemaVersion)
      return fmt::format("{}: written by a newer release (version {}, this one knows {})", path, version,
                         kSchemaVersion);
    if (!execute(schema())) return error();
    // Only then is there something to write, and to wait for the disk.
    if (version < kSchemaVersion && !execute(fmt::format("PRAGMA user_version = {}", kSchemaVersion))) return error();
    return std::nullopt;
  }
};

RemedyStore::RemedyStore() = default;
RemedyStore::~RemedyStore() = default;

std::optional<std::string> RemedyStore::open(const std::string& state_directory) {
  database_.reset();
  std::error_code failed;
  std::filesystem::create_directories(state_directory, failed);
  if (failed) {
    closed_because_ = fmt::format("cannot make the state directory {}: {}", state_directory, failed.message());
    return closed_because_;
  }
  auto database = std::make_unique<Database>();
  database->path = state_directory + "/remedies.db";
  const bool opened = sqlite3_open_v2(database->path.c_str(), &database->handle,
                                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) == SQLITE_OK;
  sqlite3_busy_timeout(database->handle, 2000);  // the command line may be restoring just now
  auto error = opened ? database->check_version() : database->error();
  if (error) {
    closed_because_ = *error;
    return error;
  }
  database_ = std::move(database);
  return std::nullopt;
}

std::optional<std::string> RemedyStore::begin_trial(const StoredTrial& trial) {
  if (!database_) return closed_because_;
  return database_->write("INSERT OR REPLACE INTO trial VALUES (?, ?, ?, ?, ?)", [&](Statement& it) {
    it.bind(trial.device).bind(trial.begun_at).bind(to_stored(trial.before));
  });
}

std::optional<std::string> RemedyStore::end_trial(const DeviceIdentity& device) {
  if (!database_) return closed_because_;
  return database_->write("DELETE FROM trial WHERE name = ? AND permanent_address = ? AND driver = ?",
                          [&](Statement& it) { it.bind(device); });
}

std::optional<std::string> RemedyStore::put_remedy(const StoredRemedy& remedy) {
  if (!database_) return closed_because_;
  const auto text = fmt::format("INSERT OR REPLACE INTO remedy VALUES (?, ?, ?, ?, ?, ?, ?, ?, {})", kVerdictPlaces);
  return database_->write(text, [&](Statement& it) {
    it.bind(remedy.device).bind(to_stored(remedy.off));
    it.bind(to_stored(remedy.before)).bind(to_stored(remedy.after));
    it.bind(remedy.price ? std::optional(remedy.price->cpu_ns_per_byte_before) : std::nullopt);
    it.bind(remedy.price ? std::optional(remedy.price->cpu_ns_per_byte_after) : std::nullopt);
    it.bind(remedy.because);
  });
}

std::optional<std::string> RemedyStore::remove_remedy(const DeviceIdentity& device) {
  if (!database_) return closed_because_;
  return database_->write("DELETE FROM remedy WHERE name = ? AND permanent_address = ? AND driver = ?",
                          [&](Statement& it) { it.bind(device); });
}

std::optional<std::string> RemedyStore::add_verdict(const StoredVerdict& verdict) {
  if (!database_) return closed_because_;
  if (auto error = database_->write(fmt::format("INSERT INTO verdict VALUES (NULL, {})", kVerdictPlaces),
                                    [&](Statement& it) { it.bind(verdict); }))
    return error;
  return database_->write("DELETE FROM verdict WHERE id <= (SELECT max(id) FROM verdict) - ?",
                          [](Statement& it) { it.bind(std::int64_t{kMaxVerdicts}); });
}

std::variant<StoredRows<StoredTrial>, std::string> RemedyStore::trials() {
  if (!database_) return closed_because_;
  return database_->read<StoredTrial>(
      "SELECT * FROM trial ORDER BY begun_at LIMIT ?", -1, [](const Statement& it) -> std::optional<StoredTrial> {
        const auto before = features_from_stored(it.text(4));
        return before ? std::optional(StoredTrial{it.device(0), it.time(3), *before}) : std::nullopt;
      });
}

std::variant<StoredRows<StoredRemedy>, std::string> RemedyStore::remedies() {
  if (!database_) return closed_because_;
  const auto read_remedy = [](const Statement& it) -> std::optional<StoredRemedy> {
    const auto off = knobs_from_stored(it.text(3));
    const auto before = features_from_stored(it.text(4)), after = features_from_stored(it.text(5));
    const auto because = it.verdict(8);
    if (!off || !before || !after || !because) return std::nullopt;
    StoredRemedy remedy{it.device(0), *off, *before, *after, *because, std::nullopt};
    if (it.real(6) && it.real(7)) remedy.price = RemedyPrice{*it.real(6), *it.real(7)};
    return remedy;
  };
  return database_->read<StoredRemedy>("SELECT * FROM remedy ORDER BY at LIMIT ?", -1, read_remedy);
}

std::variant<StoredRows<StoredVerdict>, std::string> RemedyStore::verdicts(int limit) {
  if (!database_) return closed_because_;
  const auto read_verdict = [](const Statement& it) {
    auto verdict = it.verdict(1);
    if (verdict) verdict->id = it.number(0);
    return verdict;
  };
  return database_->read<StoredVerdict>("SELECT * FROM verdict ORDER BY id DESC LIMIT ?", limit, read_verdict);
}

}  // namespace tw::tcpmd5
