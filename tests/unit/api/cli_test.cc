// truewire, the program, against a server in this process: what it prints, word for word, and how it ends.
#include "tests/unit/api/program.h"
#include "tests/unit/api/server_fixture.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <fstream>

namespace tw::api::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Cli : public ServerTest {
 protected:
  Outcome truewire(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--socket", "unix:" + socket});
    return run(std::move(arguments));
  }
};

// --- neighbors ----------------------------------------------------------------------------------------------------

TEST_F(Cli, NeighborsIsATable) {
  control->locked([](auto& s) {
    s.neighbors = {established_neighbor(), idle_neighbor()};
    s.neighbors.emplace_back().address = address("198.51.100.7");
    s.neighbors.back().admin_down = true;
  });
  const Outcome got = truewire({"neighbors"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.err, "");
  EXPECT_EQ(
      got.out,
      "Neighbor         AS  State        Since  Received  Accepted  Advertised  MD5  Last error\n"
      "192.0.2.1     64496  Established  3d04h       150       130           3  yes  Hold Timer Expired\n"
      "198.51.100.7      ?  Shutdown         -         -         -           -  no\n"
      "fe80::1%eth0  64497  Idle             -         -         -           -  no   192.0.2.9 said ?[2Jgo away\n");
}

TEST_F(Cli, OneNeighborIsEverythingAboutIt) {
  control->locked([](auto& s) {
    s.neighbors = {established_neighbor()};
    s.neighbors[0].since = std::chrono::system_clock::time_point(std::chrono::seconds(1'600'000'000));
  });
  const Outcome got = truewire({"neighbors", "192.0.2.1"});
  EXPECT_EQ(got.exit_code, 0);
  std::string out = got.out;
  const auto age = out.find(" (", out.find("since"));  // grows by the week
  out.erase(age, out.find(')', age) + 1 - age);
  EXPECT_EQ(out,
            "Neighbor 192.0.2.1\n"
            "  Description:           transit A\n"
            "  AS:                    64496 (we are AS 112)\n"
            "  Router ID:             198.51.100.1\n"
            "  Kind:                  configured, TCP-MD5\n"
            "  State:                 Established, since 2020-09-13 12:26:40\n"
            "  Last error:            Hold Timer Expired (2023-11-14 22:13:20)\n"
            "  Connection:            192.0.2.2:179 to 192.0.2.1:40001\n"
            "  Hold time:             90 s (neighbor proposed 180 s), keepalive every 30 s\n"
            "  Families:              ipv4-unicast, ipv6-unicast\n"
            "  Capabilities:          four-octet AS, route refresh, enhanced route refresh, extended messages, "
            "add-path ipv6-unicast (receive)\n"
            "  Roles:                 customer (ours), provider (neighbor's)\n"
            "  Unknown capabilities:  71, 200\n"
            "  Prefixes ipv4-unicast: 100 received, 90 accepted, 2 advertised\n"
            "  Prefixes ipv6-unicast: 50 received, 40 accepted, 1 advertised\n"
            "  Sent:                  1 OPEN, 2 UPDATE, 4 KEEPALIVE, 3 NOTIFICATION, 5 ROUTE-REFRESH\n"
            "  Received:              6 OPEN, 7 UPDATE, 9 KEEPALIVE, 8 NOTIFICATION, 10 ROUTE-REFRESH\n"
            "  Send queue:            4.0 KiB\n"
            "  Sessions:              3 established, 2 lost\n"
            "  Update fault:          discard-attribute AGGREGATOR: 12 times\n"
            "  Update fault:          treat-as-withdraw ORIGIN: 11 times\n");
}

TEST_F(Cli, ANeighborThatIsDownTellsWhenItTriesAgain) {
  control->locked([](auto& s) { s.neighbors = {idle_neighbor()}; });
  const Outcome got = truewire({"neighbors", "fe80::1"});
  EXPECT_THAT(got.out, AllOf(StartsWith("Neighbor fe80::1%eth0\n"), HasSubstr("State:        Idle\n"),
                             HasSubstr("Next attempt: in 1.5 s\n"),
                             HasSubstr("Kind:         dynamic, from a range, "
                                       "passive, no TCP-MD5\n")));
}

TEST_F(Cli, NeighborsAsJsonHasStableNames) {
  control->locked([](auto& s) {
    s.neighbors.emplace_back().address = address("192.0.2.1");
    s.neighbors.back().as = {64496};
  });
  const Outcome got = truewire({"--json", "neighbors"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.out, R"({"neighbors":[{"address":"192.0.2.1","interface":"","description":"","as":64496,"local_as":0,)"
                     R"("dynamic":false,"passive":false,"keyed":false,"state":"SESSION_STATE_IDLE","admin_down":false,)"
                     R"("router_id":"","local_endpoint":"","remote_endpoint":"","sent":{"open":"0","update":"0",)"
                     R"("notification":"0","keepalive":"0","route_refresh":"0"},"received":{"open":"0","update":"0",)"
                     R"("notification":"0","keepalive":"0","route_refresh":"0"},"families":[],"established_count":"0",)"
                     R"("flaps":"0","update_faults":[],"last_error":"","send_queue_bytes":"0"}]})"
                     "\n");
  EXPECT_THAT(truewire({"neighbors", "192.0.2.1", "--json"}).out, StartsWith(R"({"address":"192.0.2.1",)"));
}

TEST_F(Cli, AnUnknownNeighborIsAFailure) {
  const Outcome got = truewire({"neighbors", "192.0.2.99"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.out, "");
  EXPECT_EQ(got.err, "truewire: there is no neighbor 192.0.2.99\n");
}

TEST_F(Cli, ActionsOnNeighborsReachTheSpeaker) {
  EXPECT_EQ(truewire({"reset", "192.0.2.1"}).out, "neighbor 192.0.2.1: session is reset\n");
  EXPECT_EQ(truewire({"reset", "192.0.2.1", "--soft"}).out, "neighbor 192.0.2.1: routes are exchanged anew\n");
  EXPECT_EQ(truewire({"shutdown", "192.0.2.1", "--message", "bye"}).out, "neighbor 192.0.2.1: shut down\n");
  EXPECT_EQ(truewire({"--json", "enable", "192.0.2.1"}).out, "{}\n");
  EXPECT_THAT(
      control->locked([](auto& s) { return s.asked; }),
      ElementsAre("reset 192.0.2.1 hard: ", "reset 192.0.2.1 soft: ", "shutdown 192.0.2.1: bye", "enable 192.0.2.1: "));
}

// --- routes -------------------------------------------------------------------------------------------------------

bgp::Route plain_route(const char* text) { return route_of(prefix(text), plain_attributes()); }

TEST_F(Cli, RoutesIsATableSortedByPrefix) {
  control->locked([](auto& s) {
    s.routes = 5;
    s.route = [](std::uint32_t i) {
      const char* prefixes[] = {"2001:db8::/32", "192.0.2.0/24", "10.0.0.0/8", "192.0.2.0/24", "9.0.0.0/8"};
      bgp::Route r = plain_route(prefixes[i]);
      r.best = i != 1;
      r.accepted = i != 1;
      r.stale = i == 4;
      r.persistent = i == 4;
      if (i == 0) r.attributes = bgp::canonical_bytes(every_attribute());
      return r;
    };
  });
  const Outcome got = truewire({"routes"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.out,
            "> best  r refused by policy  s stale  p persistent; origin: i IGP  e EGP  ? incomplete\n"
            "     Prefix         Next hop     Pref  MED  AS path                           From\n"
            ">sp  9.0.0.0/8      192.0.2.1               64496 i                           192.0.2.1\n"
            ">    10.0.0.0/8     192.0.2.1               64496 i                           192.0.2.1\n"
            ">    192.0.2.0/24   192.0.2.1               64496 i                           192.0.2.1\n"
            "r    192.0.2.0/24   192.0.2.1               64496 i                           192.0.2.1\n"
            ">    2001:db8::/32  2001:db8::1   200    5  64496 4200000001 {64498 64499} e  192.0.2.1\n");
}

TEST_F(Cli, ARouteIsEverythingAboutIt) {
  control->locked([](auto& s) {
    s.routes = 1;
    s.route = [](std::uint32_t) {
      bgp::Route r = route_of(prefix("2001:db8::/32"), every_attribute());
      r.best = true;
      r.decided_by = "only path";
      r.path_id = 3;
      return r;
    };
  });
  const Outcome got = truewire({"routes", "2001:db8::/32"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.out,
            "2001:db8::/32 from 192.0.2.1\n"
            "  State:                best, accepted\n"
            "  Decided by:           only path\n"
            "  Path ID:              3\n"
            "  AS path:              64496 4200000001 {64498 64499}\n"
            "  Origin:               EGP\n"
            "  Next hop:             2001:db8::1 and fe80::1\n"
            "  MED:                  5\n"
            "  Local preference:     200\n"
            "  Atomic aggregate:     yes\n"
            "  Aggregator:           AS 64500, 192.0.2.7\n"
            "  Communities:          64496:100 no-export\n"
            "  Large communities:    64496:1:2\n"
            "  Extended communities: rt:64496:100\n"
            "  Originator ID:        10.0.0.1\n"
            "  Cluster list:         10.0.0.2 10.0.0.3\n"
            "  Only to customer:     AS 64501\n"
            "  Attribute 99:         flags 0xe0, 0x0102ff\n");
}

TEST_F(Cli, OurOwnNextHopIsCalledSelf) {
  control->locked([](auto& s) {
    s.routes = 2;
    s.route = [](std::uint32_t i) {
      bgp::PathAttributes attributes;
      attributes.next_hop = address(i == 0 ? "0.0.0.0" : "::");
      return route_of(prefix(i == 0 ? "192.175.48.0/24" : "2620:4f:8000::/48"), attributes);
    };
  });
  EXPECT_EQ(truewire({"routes"}).out,
            "> best  r refused by policy  s stale  p persistent; origin: i IGP  e EGP  ? incomplete\n"
            "  Prefix             Next hop  Pref  MED  AS path  From\n"
            "  192.175.48.0/24    self                 i        192.0.2.1\n"
            "  2620:4f:8000::/48  self                 i        192.0.2.1\n");
}

TEST_F(Cli, ARouteThatIsNotThereIsAFailure) {
  const Outcome got = truewire({"routes", "192.0.2.0/24"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.err, "truewire: there is no route to 192.0.2.0/24 in this table\n");
}

TEST_F(Cli, RoutesPassesItsFiltersOn) {
  EXPECT_EQ(truewire({"routes", "--table", "adj-out", "--neighbor", "192.0.2.1", "--family", "ipv4-unicast", "--longer",
                      "10.0.0.0/8"})
                .exit_code,
            0);
  const auto query = control->locked([](auto& s) { return s.query; });
  ASSERT_TRUE(query);
  EXPECT_EQ(query->table, bgp::Table::kAdjRibOut);
  EXPECT_EQ(query->neighbor, address("192.0.2.1"));
  EXPECT_EQ(query->family, rib::Family::kIpv4Unicast);
  EXPECT_EQ(query->prefix, prefix("10.0.0.0/8"));
  EXPECT_TRUE(query->longer);
}

TEST_F(Cli, RoutesAsJsonIsOneObjectALine) {
  control->locked([](auto& s) {
    s.routes = 1000;
    s.route = numbered_route;
  });
  const Outcome got = truewire({"routes", "--json"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(std::count(got.out.begin(), got.out.end(), '\n'), 1000);
  EXPECT_THAT(got.out,
              StartsWith(R"({"prefix":"10.0.0.0/24","path_id":0,"family":"FAMILY_IPV4_UNICAST","source":"192.0.2.1",)"
                         R"("source_kind":"SOURCE_KIND_EBGP","attributes":{"origin":"ORIGIN_IGP","as_path":[{"type":)"
                         R"("TYPE_SEQUENCE","numbers":[64496]}],"next_hop":"192.0.2.1","link_local_next_hop":"",)"
                         R"("atomic_aggregate":false,"communities":[],)"));
}

TEST_F(Cli, RoutesIntoAPipeThatClosesEndsQuietly) {
  control->locked([](auto& s) {
    s.routes = 100'000;
    s.route = numbered_route;
  });
  Program program({"--socket", "unix:" + socket, "--json", "routes"});
  ASSERT_TRUE(program.says("\n"));
  program.close_output();
  EXPECT_EQ(program.wait(), -1);  // by SIGPIPE, as any other program
  EXPECT_EQ(program.output[1], "");
}

TEST_F(Cli, RouteAddPassesEverythingOn) {
  const Outcome got =
      truewire({"route", "add", "192.0.2.0/24", "198.51.100.0/24", "--next-hop", "192.0.2.9", "--community",
                "64496:1,no-export", "--community", "64496:2", "--large-community", "1:2:3", "--med", "0",
                "--local-pref", "50", "--as-path", "64500,64501", "--persistent"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.out, "192.0.2.0/24: added, on disk\n198.51.100.0/24: added, on disk\n");
  const auto added = control->locked([](auto& s) { return s.added; });
  ASSERT_EQ(added.size(), 2);
  EXPECT_EQ(added[1].prefix, prefix("198.51.100.0/24"));
  EXPECT_EQ(added[0].next_hop, address("192.0.2.9"));
  EXPECT_THAT(added[0].communities, ElementsAre(0xFBF00001, bgp::kNoExport, 0xFBF00002));
  EXPECT_THAT(added[0].large_communities, ElementsAre(std::array<std::uint32_t, 3>{1, 2, 3}));
  EXPECT_EQ(added[0].med, 0);
  EXPECT_EQ(added[0].local_pref, 50);
  EXPECT_THAT(added[0].as_path, ElementsAre(rib::AsNumber{64500}, rib::AsNumber{64501}));
  EXPECT_TRUE(added[0].persistent);
}

TEST_F(Cli, RouteAddTellsWhichWasRefused) {
  control->locked([](auto& s) {
    s.answers["192.0.2.0/24"] = {bgp::StatusCode::kConflict, "the configuration has it"};
  });
  const Outcome got = truewire({"route", "add", "192.0.2.0/24", "198.51.100.0/24"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.out, "198.51.100.0/24: added\n");
  EXPECT_EQ(got.err, "truewire: 192.0.2.0/24: the configuration has it\n");
}

TEST_F(Cli, ARefusalThatNamesThePrefixDoesNotNameItTwice) {
  control->locked([](auto& s) { s.answer = {bgp::StatusCode::kNotFound, "192.0.2.0/24 was not added"}; });
  EXPECT_EQ(truewire({"route", "delete", "192.0.2.0/24"}).err, "truewire: 192.0.2.0/24 was not added\n");
}

TEST_F(Cli, RouteDeleteTellsEach) {
  control->locked([](auto& s) { s.answers["192.0.2.0/24"] = {bgp::StatusCode::kNotFound, "no such route"}; });
  const Outcome got = truewire({"route", "delete", "198.51.100.0/24", "192.0.2.0/24", "--json"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.out, R"({"statuses":[{"prefix":"198.51.100.0/24","code":"ROUTE_STATUS_CODE_OK","message":""},)"
                     R"({"prefix":"192.0.2.0/24","code":"ROUTE_STATUS_CODE_NOT_FOUND","message":"no such route"}]})"
                     "\n");
}

// --- watch --------------------------------------------------------------------------------------------------------

TEST_F(Cli, WatchRoutesTellsTheTableThenChanges) {
  control->locked([](auto& s) {
    const bgp::Route route = plain_route("192.0.2.0/24");
    s.initial = {{.prefix = route.prefix, .withdrawn = false, .route = route}};
  });
  Program program({"--socket", "unix:" + socket, "watch", "routes"});
  ASSERT_TRUE(program.says("-- that was all; changes follow --\n"));
  control->publish(bgp::RouteChange{.prefix = prefix("192.0.2.0/24"), .withdrawn = true, .route = {}});
  ASSERT_TRUE(program.says("- 192.0.2.0/24\n"));
  EXPECT_EQ(program.output[0],
            "+ 192.0.2.0/24 via 192.0.2.1, path 64496 i, from 192.0.2.1\n"
            "-- that was all; changes follow --\n"
            "- 192.0.2.0/24\n");
}

TEST_F(Cli, WatchRoutesAsJsonIsOneObjectALine) {
  Program program({"--socket", "unix:" + socket, "watch", "routes", "--json"});
  ASSERT_TRUE(program.says("{\"initial_done\":true}\n"));
  control->publish(bgp::RouteChange{.prefix = prefix("192.0.2.0/24"), .withdrawn = true, .route = {}});
  EXPECT_TRUE(program.says("{\"prefix\":\"192.0.2.0/24\",\"family\":\"FAMILY_IPV4_UNICAST\",\"withdrawn\":true}\n"));
}

TEST_F(Cli, WatchNeighborsTellsEventsAndGaps) {
  Program program({"--socket", "unix:" + socket, "watch", "neighbors"});
  ASSERT_TRUE(control->wait_until([](auto& s) { return s.watches.size() == 1; }));
  bgp::NeighborEvent event;
  event.at = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
  event.status.address = address("192.0.2.1");
  event.text = "OpenConfirm to Established";
  control->publish(event, 3);
  ASSERT_TRUE(program.says("Established\n"));
  EXPECT_EQ(program.output[0],
            "(3 events were missed: this reader is too slow)\n"
            "2023-11-14 22:13:20  192.0.2.1  OpenConfirm to Established\n");
}

TEST_F(Cli, AWatcherThatIsKilledIsForgotten) {
  Program program({"--socket", "unix:" + socket, "watch", "neighbors"});
  ASSERT_TRUE(control->wait_until([](auto& s) { return s.watches.size() == 1; }));
  program.signal(SIGKILL);
  EXPECT_TRUE(control->wait_until([](auto& s) { return s.watches_ended == 1; }));
}

TEST_F(Cli, AWatcherWhoseServerStopsSaysSo) {
  Program program({"--socket", "unix:" + socket, "watch", "routes"});
  ASSERT_TRUE(program.says("changes follow"));
  server->stop();
  EXPECT_EQ(program.wait(), 3);
  EXPECT_THAT(program.output[1], HasSubstr("has gone: truewired is shutting down"));
}

// --- status and reload --------------------------------------------------------------------------------------------

TEST_F(Cli, StatusIsReadinessTotalsAndMemory) {
  control->locked([](auto& s) {
    s.readiness.reasons = {"1 of 2 neighbors Established"};
    bgp::SpeakerTotals& t = s.totals;
    t.rib = {.prefixes = 10, .paths = 20, .best = 9};
    t.memory = {.prefixes = 1024, .paths = 2048, .attributes = 3 << 20, .advertised = 100};
    t.attribute_sets = 8;
    t.neighbors = 2;
    t.established = 1;
    t.connections_accepted = 11;
    t.connections_refused = 12;
    t.as = {112};
    t.router_id = 0xCB007101;
    t.started = std::chrono::system_clock::now() - std::chrono::hours(51);
  });
  const Outcome got = truewire({"status"});
  EXPECT_EQ(got.exit_code, 0);
  std::string out = got.out;
  const auto date = out.find("Started:") + 18;
  out.replace(date, 19, "DATE");
  EXPECT_EQ(
      out,
      "truewired 0.1.0: AS 112, router ID 203.0.113.1, ready\n"
      "  Ready:            1 of 2 neighbors Established\n"
      "  Started:          DATE (2d03h ago)\n"
      "  Neighbors:        2, 1 Established\n"
      "  Routes:           10 prefixes, 20 paths, 9 best\n"
      "  Attribute sets:   8\n"
      "  Memory:           1.0 KiB prefixes, 2.0 KiB paths, 3.0 MiB attributes, 100 B advertised; 3.0 MiB in all\n"
      "  Connections:      11 accepted, 12 refused\n"
      "  TCP-MD5 refusals: the kernel does not tell\n"
      "  Waiting requests: 0\n");
}

TEST_F(Cli, StatusOfADaemonThatIsNotReadyHasACodeOfItsOwn) {
  control->locked([](auto& s) { s.readiness = {.ready = false, .reasons = {"no neighbor is Established"}}; });
  const Outcome got = truewire({"status"});
  EXPECT_EQ(got.exit_code, 4);
  EXPECT_THAT(got.out, AllOf(HasSubstr("NOT READY\n"), HasSubstr("Not ready:        no neighbor is Established\n")));
  EXPECT_THAT(truewire({"--json", "status"}).out, HasSubstr(R"("readiness":{"ready":false,"reasons":["no neighbor)"));
}

TEST_F(Cli, ReloadTellsWhatChanged) {
  EXPECT_EQ(truewire({"reload"}).out, "nothing has changed\n");
  control->locked([](auto& s) { s.reload_report.lines = {"neighbor 192.0.2.1: added"}; });
  EXPECT_EQ(truewire({"reload"}).out, "neighbor 192.0.2.1: added\n");
  control->locked([](auto& s) {
    s.reload_report = {.status = {bgp::StatusCode::kInvalid, ""}, .lines = {"truewire.toml:1:1: bad", "second"}};
  });
  const Outcome got = truewire({"reload"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.err, "truewire: truewire.toml:1:1: bad\nsecond\n");
}

// --- reaching the daemon ------------------------------------------------------------------------------------------

TEST_F(Cli, TheSocketMayComeFromTheEnvironment) {
  const Outcome got = run({"neighbors", "--json"}, {"TRUEWIRE_SOCKET=unix:" + socket});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.out, "{\"neighbors\":[]}\n");
}

TEST_F(Cli, ASocketThatIsNotThereIsNamed) {
  const Outcome got = run({"--socket", directory.file("none"), "status"});
  EXPECT_EQ(got.exit_code, 3);
  EXPECT_THAT(got.err,
              AllOf(StartsWith("truewire: truewired is not reachable: there is no socket " + directory.file("none")),
                    HasSubstr("is it running"), HasSubstr("TRUEWIRE_SOCKET")));
}

TEST_F(Cli, ASocketThatNobodyListensOnIsNamed) {
  const std::string path = directory.file("stale");
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(fd);
  const Outcome got = run({"--socket", "unix:" + path, "status"});
  EXPECT_EQ(got.exit_code, 3);
  EXPECT_THAT(got.err, HasSubstr("nobody listens on " + path));
}

TEST_F(Cli, ADaemonThatDoesNotAnswerIsNotWaitedForForever) {
  control->hold();
  for (const char* command : {"status", "routes"}) {
    const Outcome got = truewire({"--timeout", "0.05", command});
    EXPECT_EQ(got.exit_code, 3) << command;
    EXPECT_THAT(got.err, HasSubstr("did not answer on unix:" + socket + " within 0.05 s")) << command;
  }
}

// --- usage --------------------------------------------------------------------------------------------------------

TEST(CliUsage, WhatMakesNoSenseIsExplained) {
  struct Case {
    std::vector<std::string> arguments;
    const char* text;
  };
  const Case cases[] = {
      {{}, "A subcommand is required"},
      {{"nieghbors"}, "there is no command \"nieghbors\"; did you mean \"neighbors\"?"},
      {{"watch"}, "watch: which? routes, neighbors, verdicts"},
      {{"watch", "route"}, "there is no command \"route\"; did you mean \"routes\"?"},
      {{"neighbors", "192.0.2"}, "\"192.0.2\" is not an IP address"},
      {{"routes", "--table", "rib"}, "rib not in {loc-rib,adj-in,adj-out}"},
      {{"routes", "--table", "adj-in"}, "adj-in needs --neighbor"},
      {{"routes", "--longer"}, "needs a PREFIX"},
      {{"routes", "192.0.2.1/24"}, "has host bits set; did you mean \"192.0.2.0/24\"?"},
      {{"route"}, "route: which? add, delete"},
      {{"route", "add"}, "PREFIX is required"},
      {{"route", "add", "192.0.2.0/24", "--med", "many"}, "many"},
      {{"route", "add", "192.0.2.0/24", "--as-path", "0"}, "0"},
      {{"reset"}, "ADDRESS is required"},
      {{"--timeout", "0", "status"}, "--timeout"},
      {{"--socket", "localhost:50051", "status"}, "is not a Unix socket"},
      {{"--socket", "unix:/" + std::string(200, 'x'), "status"}, "the kernel takes at most 107"},
  };
  for (const Case& c : cases) {
    const Outcome got = run(c.arguments);
    EXPECT_EQ(got.exit_code, 2) << c.text;
    EXPECT_EQ(got.out, "") << c.text;
    EXPECT_THAT(got.err, HasSubstr(c.text));
  }
}

TEST(CliUsage, HelpIsNoError) {
  const Outcome got = run({"--help"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.err, "");
  EXPECT_THAT(got.out, AllOf(HasSubstr("neighbors"), HasSubstr("TRUEWIRE_SOCKET"), HasSubstr("Exit codes:")));
  EXPECT_THAT(run({"route", "add", "--help"}).out, HasSubstr("--large-community"));
}

TEST(CliUsage, VersionIsTheBuilds) {
  EXPECT_THAT(run({"version"}).out, StartsWith("truewire 0.1.0 ("));
  EXPECT_EQ(run({"version", "--json"}).out, "{\"version\":\"0.1.0\"}\n");
}

// --- check --------------------------------------------------------------------------------------------------------

class CliCheck : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(directory.file(name)) << text;
    return directory.file(name);
  }
  static std::string speaker(const std::string& more = "") {
    return "[speaker]\nas = 112\nrouter-id = \"203.0.113.1\"\n" + more;
  }
  static std::string neighbor(const std::string& address, const std::string& more = "") {
    return "[[neighbor]]\naddress = \"" + address + "\"\nas = 64496\n" + more;
  }

  TempDirectory directory;
};

TEST_F(CliCheck, AValidFileIsSummedUp) {
  const std::string file =
      write("good.toml", speaker(neighbor("192.0.2.1") + "[[originate]]\nprefixes = [\"192.175.48.0/24\"]\n"));
  const Outcome got = run({"check", file});
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_EQ(got.out, file + ": valid; AS 112, 1 neighbor, 0 neighbor ranges, 1 prefix originated\n");
}

TEST_F(CliCheck, EveryErrorIsNamedWithItsPlace) {
  const std::string file = write("bad.toml", speaker(neighbor("192.0.2.1", "pasive = true\nfamilies = [\"ipv5\"]\n")));
  const Outcome got = run({"check", file});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.out, "");
  EXPECT_THAT(got.err, AllOf(HasSubstr(file + ":7:"), HasSubstr("passive"), HasSubstr(file + ":8:")));
}

TEST_F(CliCheck, AFileThatIsNotThereIsNamed) {
  const Outcome got = run({"check", directory.file("none.toml")});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_THAT(got.err, HasSubstr(directory.file("none.toml")));
}

TEST_F(CliCheck, TheDifferenceIsWhatAReloadWouldDo) {
  const std::string running = write("running.toml", speaker(neighbor("192.0.2.1") + neighbor("192.0.2.2")));
  const std::string next = write("next.toml", speaker(neighbor("192.0.2.1") + neighbor("192.0.2.3")));
  const Outcome got = run({"check", next, "--diff", running});
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_THAT(got.out, AllOf(HasSubstr("neighbor 192.0.2.2: removed\n"), HasSubstr("neighbor 192.0.2.3: added\n")));
  EXPECT_THAT(run({"check", next, "--diff", next}).out, HasSubstr("a reload would change nothing\n"));
}

TEST_F(CliCheck, JsonIsOneDocument) {
  const std::string file = write("good.toml", speaker(neighbor("192.0.2.1")));
  EXPECT_THAT(run({"check", file, "--json"}).out, AllOf(HasSubstr("\"valid\":true"), HasSubstr("\"errors\":[]")));
  const Outcome bad = run({"check", directory.file("none.toml"), "--json"});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.out, HasSubstr("\"valid\":false"));
}

}  // namespace
}  // namespace tw::api::testing
