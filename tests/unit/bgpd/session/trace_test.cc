// Events and actions as text.
#include "bgpd/session/trace.h"

#include "bgpd/session/reason.h"
#include "tests/unit/bgpd/session/rig.h"

namespace tw::bgp {
namespace {

TEST(Trace, SaysWhatHappensToWhichConnection) {
  const std::pair<Event, const char*> rows[] = {
      {Start{}, "Start"},
      {Stop{cease::kAdministrativeShutdown, "maintenance"}, "Stop 6/2 \"maintenance\""},
      {Reset{}, "Reset 6/4"},
      {Trip{.stay_down = seconds(300), .why = "too many"}, "Trip 6/1 for 300 s \"too many\""},
      {Connected{}, "Connected"},
      {ConnectFailed{"refused"}, "ConnectFailed \"refused\""},
      {Accepted{}, "Accepted"},
      {Disconnected{kIn, "end"}, "Disconnected incoming \"end\""},
      {SendStalled{kOut}, "SendStalled outgoing"},
      {SendProgress{kOut}, "SendProgress outgoing"},
      {OpenReceived{kOut, their_open()}, "OpenReceived outgoing AS64497 id 192.0.2.1 hold 90"},
      {KeepaliveReceived{kIn}, "KeepaliveReceived incoming"},
      {UpdateReceived{kIn}, "UpdateReceived incoming"},
      {RefreshReceived{kIn}, "RefreshReceived incoming"},
      {NotificationReceived{kOut, {ErrorCode::kCease, 7, {}}}, "NotificationReceived outgoing 6/7"},
      {BadMessage{kOut, {ErrorCode::kUpdate, 5, {}, "ORIGIN"}}, "BadMessage outgoing 3/5 \"ORIGIN\""},
      {Tick{}, "Tick"},
  };
  static_assert(std::size(rows) == std::variant_size_v<Event>);
  for (const auto& [event, text] : rows) EXPECT_EQ(to_text(event), text);
}
TEST(Trace, SaysWhatIsDone) {
  const std::pair<Action, const char*> rows[] = {
      {Connect{}, "Connect"},
      {AbandonConnect{}, "AbandonConnect"},
      {Admit{}, "Admit"},
      {Refuse{}, "Refuse nothing"},
      {Send{kOut, encode_keepalive()}, "Send outgoing KEEPALIVE"},
      {CloseConnection{kIn}, "CloseConnection incoming"},
      {SessionUp{kOut, {.hold = seconds(90)}}, "SessionUp outgoing hold 90 s"},
      {SessionDown{{.text = "why"}}, "SessionDown \"why\""},
      {AttemptFailed{{.text = "why"}}, "AttemptFailed \"why\""},
      {StateChanged{State::kOpenSent, State::kIdle}, "StateChanged OpenSent Idle"},
      {Forget{}, "Forget"},
  };
  static_assert(std::size(rows) == std::variant_size_v<Action>);
  for (const auto& [action, text] : rows) EXPECT_EQ(to_text(action), text);
}
TEST(Trace, NamesEveryKindOfMessageAndTheCodesOfANotification) {
  EXPECT_EQ(to_text(Send{kOut, encode_open(their_open())}), "Send outgoing OPEN");
  EXPECT_EQ(to_text(Send{kOut, encode_notification({ErrorCode::kCease, 7, {}})}), "Send outgoing NOTIFICATION 6/7");
  EXPECT_EQ(to_text(Send{kOut, encode_route_refresh({rib::Family::kIpv4Unicast})}), "Send outgoing ROUTE-REFRESH");
}
TEST(Trace, StatesHaveTheNamesOfTheRfc) {
  const char* const names[] = {"Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(name(static_cast<State>(i)), names[i]);
}
TEST(DurationText, IsInSeconds) {
  EXPECT_EQ(duration_text(seconds(90)), "90 s");
  EXPECT_EQ(duration_text(Millis(1'500)), "1.5 s");
  EXPECT_EQ(duration_text(Millis(0)), "0 s");
}

}  // namespace
}  // namespace tw::bgp
