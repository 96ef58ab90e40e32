// What a neighbour holds after the UPDATEs that it was sent, as our own decoder reads them.
#pragma once

#include "bgpd/export/export_context.h"
#include "bgpd/message/message.h"
#include "bgpd/message/nlri.h"
#include "bgpd/message/update.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace tw::bgp {

struct Receiving {
  UpdateContext context;
  bool extended = false;
};
// The other end of a session whose export context this is.
inline Receiving receiving_under(const ExportContext& context) {
  Receiving receiving;
  receiving.context.internal = context.kind != rib::SourceKind::kEbgp;
  receiving.context.four_octet_as = context.four_octet_as;
  receiving.context.families = context.families;
  receiving.context.peer_as = context.local_as;
  receiving.extended = context.extended_message;
  return receiving;
}

struct ReceivedView {
  std::map<rib::Prefix, Bytes> routes;  // canonical attributes
  std::vector<rib::Prefix> withdrawn;   // as they came
  std::optional<rib::Family> end_of_rib;
  std::size_t messages = 0, longest = 0;

  std::vector<rib::Prefix> destinations() const {
    std::vector<rib::Prefix> all;
    for (const auto& [prefix, attributes] : routes) all.push_back(prefix);
    return all;
  }

  void receive(ByteView stream, const Receiving& receiving) {
    while (!stream.empty()) {
      const auto frame = next_frame(stream, receiving.extended);
      ASSERT_TRUE(frame.has_value() && frame->has_value()) << "not a whole message";
      ASSERT_EQ((*frame)->type, MessageType::kUpdate);
      ++messages;
      longest = std::max(longest, (*frame)->whole.size());
      UpdateDecoder decoder;
      const auto update = decoder.decode((*frame)->body, receiving.context);
      ASSERT_TRUE(update.has_value());
      ASSERT_TRUE(update->faults.empty()) << update->faults.front().what;
      apply(*update);
      stream = stream.subspan((*frame)->whole.size());
    }
  }

 private:
  void apply(const Update& update) {
    if (update.end_of_rib) end_of_rib = update.end_of_rib;
    const auto take = [&](ByteView nlri, rib::Family family) {
      for (NlriReader reader(nlri, family, false); reader.next();) {
        withdrawn.push_back(reader.prefix());
        routes.erase(reader.prefix());
      }
    };
    const auto put = [&](ByteView nlri, rib::Family family, ByteView attributes) {
      for (NlriReader reader(nlri, family, false); reader.next();) {
        routes[reader.prefix()] = Bytes(attributes.begin(), attributes.end());
      }
    };
    take(update.withdrawn, rib::Family::kIpv4Unicast);
    if (update.mp_unreach_family) take(update.mp_withdrawn, *update.mp_unreach_family);
    put(update.announced, rib::Family::kIpv4Unicast, update.attributes);
    if (update.mp_reach_family) put(update.mp_announced, *update.mp_reach_family, update.mp_attributes);
  }
};

}  // namespace tw::bgp
