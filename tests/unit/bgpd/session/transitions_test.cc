// Every event in every state: what the machine does, to be read against RFC 4271 §8.2.2 row by row.
#include "bgpd/session/transitions.h"

#include "tests/unit/bgpd/session/rig.h"

#include <functional>
#include <string>

namespace tw::bgp {
namespace {

// The states of §8.2.2; Idle with its three causes apart.
enum Column { kDown, kTripped, kIdleHold, kConnect, kActive, kOpenSent, kOpenConfirm, kEstablished, kColumns };
constexpr const char* kColumnNames[kColumns] = {"down",   "tripped",  "idle hold",   "Connect",
                                                "Active", "OpenSent", "OpenConfirm", "Established"};

using MakeEvent = std::function<Event(Connection)>;

// What is done, in order: "connect", "abandon" (AbandonConnect), "admit", "refuse", "OPEN", "KEEPALIVE" (Send), "6/2"
// (Send NOTIFICATION), "close", "up", "down", "failed" (AttemptFailed), ">Idle" (StateChanged). "" is nothing.
// "in:" before it: on the incoming connection, where the test is about the outgoing one.
struct Row {
  const char* event;
  MakeEvent make;
  const char* does[kColumns];
};

const char* const kNothing = "";

BadMessage bad(Connection c, ErrorCode code, std::uint8_t subcode) { return {c, {code, subcode, {}, "what"}}; }
NotificationReceived told(Connection c, ErrorCode code, std::uint8_t subcode) { return {c, {code, subcode, {}}}; }

// Idle and Active without connection have nothing that such an event could be about.
#define NO_CONNECTION kNothing, kNothing, kNothing, kNothing, kNothing

// clang-format off
const Row kNeighborRows[] = {
    {"1, 3: Start", [](Connection) { return Start{}; },
     {"connect >Connect", "connect >Connect", "connect >Connect", kNothing, kNothing, kNothing, kNothing, kNothing}},
    {"2: Stop", [](Connection) { return Stop{}; },
     {kNothing, kNothing, kNothing, "abandon >Idle", ">Idle",
      "6/2 close >Idle", "6/2 close >Idle", "6/2 close down >Idle"}},
    {"8: Trip", [](Connection) { return Trip{.stay_down = minutes(1)}; },
     {kNothing, kNothing, kNothing, "abandon >Idle", ">Idle",
      "6/1 close >Idle", "6/1 close >Idle", "6/1 close down >Idle"}},
    {"2 and 1: Reset", [](Connection) { return Reset{}; },
     {kNothing, "connect >Connect", "connect >Connect", "abandon >Idle connect >Connect", ">Idle connect >Connect",
      "6/4 close >Idle connect >Connect", "6/4 close >Idle connect >Connect", "6/4 close down >Idle connect >Connect"}},
    {"16: Connected", [](Connection) { return Connected{}; },
     {"close", "close", "close", "OPEN >OpenSent", "close", kNothing, kNothing, kNothing}},
    {"17: Accepted", [](Connection) { return Accepted{}; },
     {"refuse 6/5", "refuse 6/5", "refuse", "admit in:OPEN >OpenSent", "admit in:OPEN >OpenSent",
      "admit in:OPEN", "admit in:OPEN", "refuse 6/7"}},
    {"18: ConnectFailed", [](Connection) { return ConnectFailed{"refused"}; },
     {kNothing, kNothing, kNothing, "failed >Active", kNothing, kNothing, kNothing, kNothing}},
    {"Tick before any time has come", [](Connection) { return Tick{}; },
     {kNothing, kNothing, kNothing, kNothing, kNothing, kNothing, kNothing, kNothing}},
};
const Row kConnectionRows[] = {
    {"18: Disconnected", [](Connection c) { return Disconnected{c, "end"}; },
     {NO_CONNECTION, "failed >Active", "failed >Idle", "down >Idle"}},
    {"19: OPEN", [](Connection c) { return OpenReceived{c, their_open()}; },
     {NO_CONNECTION, "KEEPALIVE >OpenConfirm", "5/2 close failed >Idle", "5/3 close down >Idle"}},
    {"26: KEEPALIVE", [](Connection c) { return KeepaliveReceived{c}; },
     {NO_CONNECTION, "5/1 close failed >Idle", "up >Established", kNothing}},
    {"27: UPDATE", [](Connection c) { return UpdateReceived{c}; },
     {NO_CONNECTION, "5/1 close failed >Idle", "5/2 close failed >Idle", kNothing}},
    {"ROUTE-REFRESH", [](Connection c) { return RefreshReceived{c}; },
     {NO_CONNECTION, "5/1 close failed >Idle", "5/2 close failed >Idle", kNothing}},
    {"24: NOTIFICATION, version", [](Connection c) { return told(c, ErrorCode::kOpen, 1); },
     {NO_CONNECTION, "close failed >Idle", "close failed >Idle", "close down >Idle"}},
    {"25: NOTIFICATION, Cease", [](Connection c) { return told(c, ErrorCode::kCease, 2); },
     {NO_CONNECTION, "close failed >Idle", "close failed >Idle", "close down >Idle"}},
    {"23 at the peer: Cease, collision", [](Connection c) { return told(c, ErrorCode::kCease, 7); },
     {NO_CONNECTION, "close failed >Active", "close failed >Active", "close down >Active"}},
    {"25: NOTIFICATION of an unknown code", [](Connection c) { return told(c, static_cast<ErrorCode>(77), 7); },
     {NO_CONNECTION, "close failed >Idle", "close failed >Idle", "close down >Idle"}},
    {"21: header error", [](Connection c) { return bad(c, ErrorCode::kMessageHeader, 2); },
     {NO_CONNECTION, "1/2 close failed >Idle", "1/2 close failed >Idle", "1/2 close down >Idle"}},
    {"22: OPEN error", [](Connection c) { return bad(c, ErrorCode::kOpen, 6); },
     {NO_CONNECTION, "2/6 close failed >Idle", "5/2 close failed >Idle", "5/3 close down >Idle"}},
    {"28: UPDATE error", [](Connection c) { return bad(c, ErrorCode::kUpdate, 1); },
     {NO_CONNECTION, "5/1 close failed >Idle", "5/2 close failed >Idle", "3/1 close down >Idle"}},
    {"ROUTE-REFRESH error", [](Connection c) { return bad(c, ErrorCode::kRouteRefresh, 1); },
     {NO_CONNECTION, "5/1 close failed >Idle", "5/2 close failed >Idle", "7/1 close down >Idle"}},
    {"8: our own reason", [](Connection c) { return bad(c, ErrorCode::kCease, 8); },
     {NO_CONNECTION, "6/8 close failed >Idle", "6/8 close failed >Idle", "6/8 close down >Idle"}},
    {"SendStalled", [](Connection c) { return SendStalled{c}; },
     {NO_CONNECTION, kNothing, kNothing, kNothing}},
    {"SendProgress", [](Connection c) { return SendProgress{c}; },
     {NO_CONNECTION, kNothing, kNothing, kNothing}},
};
// clang-format on

// An action in the notation of Row; `c` is the connection that the test is about.
std::string short_text(const Action& action, Connection c) {
  std::string text = to_text(action);
  text.resize(std::min(text.find(" \""), text.size()));
  const auto drop = [&](std::string_view word) {
    if (const auto at = text.find(word); at != std::string::npos) text.erase(at, word.size());
  };
  const std::string theirs = std::string(name(other(c))) + ' ';
  const std::string mark = text.find(theirs) == std::string::npos ? "" : c == kOut ? "in:" : "out:";
  drop(" " + std::string(name(c)));
  drop(" " + std::string(name(other(c))));
  drop("Send ");
  drop("NOTIFICATION ");
  drop(" nothing");
  if (text.starts_with("StateChanged")) return '>' + text.substr(text.rfind(' ') + 1);
  const std::pair<std::string_view, std::string_view> shorter[] = {
      {"Connect", "connect"},       {"AbandonConnect", "abandon"}, {"Admit", "admit"},         {"Refuse", "refuse"},
      {"CloseConnection", "close"}, {"SessionDown", "down"},       {"AttemptFailed", "failed"}};
  for (const auto& [full, brief] : shorter) {
    if (text == full || text.starts_with(std::string(full) + ' ')) text.replace(0, full.size(), brief);
  }
  if (text.starts_with("SessionUp")) text = "up";
  return mark + text;
}
std::string done(const Rig& rig, Connection c) {
  std::string all;
  for (const Action& action : rig.actions()) all += (all.empty() ? "" : " ") + short_text(action, c);
  return all;
}

void bring_to(Column column, Rig& rig, Connection c) {
  const auto fail = [&] { rig.to_open_sent(c).feed(told(c, ErrorCode::kCease, cease::kOutOfResources)); };
  switch (column) {
    case kDown: return;
    case kTripped: rig.start().feed(Trip{.stay_down = minutes(5), .why = "too many"}); return;
    case kIdleHold:  // in the second failure's, in which connections are refused
      fail();
      rig.pass(seconds(1));
      fail();
      return;
    case kConnect: rig.to(State::kConnect); return;
    case kActive: c == kOut ? rig.to(State::kActive) : rig.start(); return;
    case kOpenSent: rig.to(State::kOpenSent, c); return;
    case kOpenConfirm: rig.to(State::kOpenConfirm, c); return;
    case kEstablished: rig.to(State::kEstablished, c); return;
    case kColumns: return;
  }
}

void check(const Row& row, Connection c) {
  for (int column = 0; column < kColumns; ++column) {
    SessionConfig config = neighbor_config();
    config.passive = c == kIn;
    if (config.passive && column == kConnect) continue;
    Rig rig(config);
    bring_to(static_cast<Column>(column), rig, c);
    rig.feed(row.make(c));
    EXPECT_EQ(done(rig, c), row.does[column]) << row.event << " in " << kColumnNames[column] << ", " << name(c);
  }
}

TEST(EveryEventInEveryState, OfTheNeighbor) {
  for (const Row& row : kNeighborRows) check(row, kOut);
}
TEST(EveryEventInEveryState, OfAnOutgoingConnection) {
  for (const Row& row : kConnectionRows) check(row, kOut);
}
TEST(EveryEventInEveryState, OfAnIncomingConnection) {
  for (const Row& row : kConnectionRows) check(row, kIn);
}
TEST(EveryEventInEveryState, AnEventOfAConnectionThatDoesNotExistIsIgnored) {
  for (const Row& row : kConnectionRows) {
    for (const Column column : {kOpenSent, kOpenConfirm, kEstablished}) {
      Rig rig;
      bring_to(column, rig, kOut);
      rig.feed(row.make(kIn));
      EXPECT_EQ(done(rig, kOut), "") << row.event << " in " << kColumnNames[column];
    }
  }
}

// --- what a NOTIFICATION says beyond its codes

TEST(UnexpectedMessage, ItsTypeIsTheDataOfTheFsmError) {  // RFC 6608 §4
  struct {
    Event event;
    MessageType type;
  } rows[] = {{UpdateReceived{kOut}, MessageType::kUpdate},
              {KeepaliveReceived{kOut}, MessageType::kKeepalive},
              {RefreshReceived{kOut}, MessageType::kRouteRefresh},
              {bad(kOut, ErrorCode::kUpdate, 1), MessageType::kUpdate},
              {bad(kOut, ErrorCode::kRouteRefresh, 1), MessageType::kRouteRefresh}};
  for (const auto& row : rows) {
    Rig rig;
    rig.to(State::kOpenSent).feed(row.event);
    ASSERT_THAT(rig.notification(kOut), Says(ErrorCode::kFiniteStateMachine, fsm_error::kInOpenSent));
    EXPECT_EQ(rig.notification(kOut)->data, Bytes{static_cast<std::uint8_t>(row.type)});
  }
  Rig rig;
  rig.to(State::kEstablished).feed(OpenReceived{kOut, their_open()});
  EXPECT_EQ(rig.notification(kOut)->data, Bytes{1});
  EXPECT_EQ(rig.why(), "unexpected OPEN in Established");
}
TEST(BadMessage, ItsErrorIsSentWithItsDataAndItsCauseIsTheReason) {
  Rig rig;
  rig.to(State::kEstablished)
      .feed(
          BadMessage{kOut, {ErrorCode::kUpdate, update_error::kAttributeLength, {1, 2, 3}, "ORIGIN is 2 octets long"}});
  ASSERT_THAT(rig.notification(kOut), Says(ErrorCode::kUpdate, update_error::kAttributeLength));
  EXPECT_EQ(rig.notification(kOut)->data, (Bytes{1, 2, 3}));
  EXPECT_EQ(rig.first<SessionDown>()->reason.text, "ORIGIN is 2 octets long");
  EXPECT_THAT(rig.first<SessionDown>()->reason.sent, Says(ErrorCode::kUpdate, update_error::kAttributeLength));
}
TEST(Transitions, AnErrorThatIsAboutNoMessageOfThePeersIsALocalOne) {
  EXPECT_EQ(input_of({ErrorCode::kCease, 8, {}, ""}), Input::kLocalError);
  EXPECT_EQ(input_of({ErrorCode::kMessageHeader, 1, {}, ""}), Input::kHeaderError);
  EXPECT_EQ(message_of(Input::kHeaderError), std::nullopt);
}

}  // namespace
}  // namespace tw::bgp
