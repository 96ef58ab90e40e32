// The decision process, rung by rung, and its independence of the order of arrival.
#include "rib/decision.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace tw::rib {
namespace {

// A path with everything that a Candidate points to.
struct Path {
  AttributeKey key{.local_pref = 100, .neighbor_as = {64500}, .as_path_length = 3, .origin = Origin::kEgp};
  SourceTraits source{.kind = SourceKind::kEbgp, .as = {64500}, .router_id = 5, .address = IpAddress::v4(5)};
  PeerId source_id{5};
  std::uint32_t path_id = 5;
  Candidate candidate() const { return {&key, &source, source_id, path_id}; }
};

// `better` must win against `other` on `rung`, whichever comes first, alone and through select().
void expect_better(const Path& better, const Path& other, Rung rung) {
  const Preference forth = prefer(better.candidate(), other.candidate());
  EXPECT_TRUE(forth.first);
  EXPECT_EQ(forth.rung, rung) << name(forth.rung);
  const Preference back = prefer(other.candidate(), better.candidate());
  EXPECT_FALSE(back.first);
  EXPECT_EQ(back.rung, rung);
  const Candidate both[] = {other.candidate(), better.candidate()};
  EXPECT_EQ(select(both), 1U);
}

// Every rung is tried against a rival that would win on all later ones.
class Ladder : public ::testing::Test {
 protected:
  Ladder() {
    rival.key.med = 0;
    rival.source.router_id = 1;
    rival.source.address = IpAddress::v4(1);
    rival.source_id = {1};
    rival.path_id = 1;
    path.key.med = 10;
    path.key.cluster_list_length = 3;
  }
  Path path, rival;
};

TEST_F(Ladder, WhatIsOriginatedHereWins) {
  path.source.kind = SourceKind::kLocal;
  path.key.local_pref = 1;
  expect_better(path, rival, Rung::kLocal);
}
TEST_F(Ladder, TheHighestLocalPreferenceWins) {
  path.key.local_pref = 101;
  path.key.as_path_length = 9;
  expect_better(path, rival, Rung::kLocalPref);
}
TEST_F(Ladder, TheShortestPathWins) {
  path.key.as_path_length = 2;
  path.key.origin = Origin::kIncomplete;
  expect_better(path, rival, Rung::kAsPathLength);
}
TEST_F(Ladder, TheLowestOriginWins) {
  path.key.origin = Origin::kIgp;
  expect_better(path, rival, Rung::kOrigin);
  rival.key.origin = Origin::kIncomplete;
  path.key.origin = Origin::kEgp;
  expect_better(path, rival, Rung::kOrigin);
}
TEST_F(Ladder, TheLowestMedWinsWithinOneNeighbourAs) {
  rival.key.med = 11;
  path.source.kind = SourceKind::kIbgp;
  expect_better(path, rival, Rung::kMed);
}
TEST_F(Ladder, MedsOfDifferentNeighbourAsesAreNotCompared) {
  rival.key.neighbor_as = {64501};
  rival.key.med = 11;
  expect_better(rival, path, Rung::kRouterId);
}
TEST_F(Ladder, AMissingMedIsTheLowest) {
  path.key.med = 0;
  rival.key.med = 1;
  expect_better(path, rival, Rung::kMed);
}
TEST_F(Ladder, EbgpWinsOverIbgp) {
  path.key.med = rival.key.med;
  for (const SourceKind kind : {SourceKind::kIbgp, SourceKind::kIbgpClient}) {
    rival.source.kind = kind;
    expect_better(path, rival, Rung::kEbgpOverIbgp);
  }
}
TEST_F(Ladder, TheLowestRouterIdWins) {
  path.key.med = rival.key.med;
  rival.source.router_id = 6;
  expect_better(path, rival, Rung::kRouterId);
}
TEST_F(Ladder, TheOriginatorCountsInsteadOfTheReflector) {
  path.key.med = rival.key.med;
  rival.key.originator_id = 6;  // its reflector has 1
  expect_better(path, rival, Rung::kRouterId);
}
TEST_F(Ladder, TheShortestClusterListWins) {
  path.key.med = rival.key.med;
  rival.source.router_id = 5;
  rival.key.cluster_list_length = 4;
  expect_better(path, rival, Rung::kClusterListLength);
}
TEST_F(Ladder, TheLowestPeerAddressWins) {
  path.key = rival.key;
  rival.source.router_id = 5;
  rival.source.address = IpAddress::v4(6);
  expect_better(path, rival, Rung::kPeerAddress);
}
TEST_F(Ladder, OfTwoSourcesAtOneAddressTheOneAddedFirstWins) {
  path.key = rival.key;
  rival.source = path.source;
  rival.source_id = {6};
  expect_better(path, rival, Rung::kPeerAddress);
}
TEST_F(Ladder, TheLowestPathIdentifierWins) {
  rival = path;
  rival.path_id = 6;
  expect_better(path, rival, Rung::kPathId);
}

TEST(Selection, MedRulesOutBeforeLaterRungsOfOthersAreLookedAt) {
  // A beats B (router ID), B beats C (MED), C beats A (router ID): only grouping by neighbour AS has an answer.
  Path a, b, c;
  a.key.neighbor_as = {1};
  a.source.router_id = 2;
  b.key.neighbor_as = c.key.neighbor_as = {2};
  b.key.med = 0;
  b.source.router_id = 3;
  c.key.med = 1;
  c.source.router_id = 1;
  std::vector<const Path*> order = {&a, &b, &c};
  std::sort(order.begin(), order.end());
  do {
    std::vector<Candidate> candidates;
    for (const Path* path : order) candidates.push_back(path->candidate());
    EXPECT_EQ(order[select(candidates)], &a);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Selection, DoesNotDependOnTheOrderOfArrival) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::vector<Path> paths(2 + random() % 7);
    for (std::size_t i = 0; i < paths.size(); ++i) {
      paths[i].key.med = static_cast<std::uint32_t>(random() % 3);
      paths[i].key.neighbor_as = {static_cast<std::uint32_t>(random() % 3)};
      paths[i].source.kind = random() % 2 == 0 ? SourceKind::kEbgp : SourceKind::kIbgp;
      paths[i].source.router_id = static_cast<std::uint32_t>(random() % 4);
      paths[i].source_id = {static_cast<std::uint16_t>(i + 1)};
    }
    std::vector<Candidate> candidates;
    for (const Path& path : paths) candidates.push_back(path.candidate());
    const PeerId best = candidates[select(candidates)].source_id;
    for (int shuffle = 0; shuffle < 5; ++shuffle) {
      std::shuffle(candidates.begin(), candidates.end(), random);
      EXPECT_EQ(candidates[select(candidates)].source_id, best);
    }
  }
}

TEST(Selection, NamesEveryRung) {
  for (int rung = 0; rung <= static_cast<int>(Rung::kPathId); ++rung) {
    EXPECT_NE(name(static_cast<Rung>(rung)), "unknown");
  }
}

}  // namespace
}  // namespace tw::rib
