// A mirror port as a vantage: its frames are copies of what passed on the wire, plain or wrapped by the mirror.
//
// Refused while the port merges what it receives (GRO, LRO): it would certify broken wires as good. Not thread-safe;
// runs on the verifier's thread.
#pragma once

#include "tcpmd5/service/vantage.h"
#include "tcpmd5/service/wire_port.h"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace tw::tcpmd5 {

class Mirror : public Vantage {
 public:
  // `interface`: of the mirror port. Opens it at the next check().
  Mirror(boost::asio::io_context& io, std::string interface, VantageHandlers handlers);

  void check(Paths& paths, Offloads& offloads) override { port_.check(paths, offloads); }
  bool working() const override { return port_.open(); }
  const std::string& name() const override { return name_; }
  SourceStatus status() const override;

 private:
  void on_frames(std::span<const TapFrame> frames);

  const std::string name_;
  VantageHandlers handlers_;
  WirePort port_;
  std::uint64_t uncheckable_ = 0;
};

}  // namespace tw::tcpmd5
