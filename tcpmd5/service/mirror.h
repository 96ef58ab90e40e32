// A mirror port as a vantage: its frames are copies of what passed on the wire, plain or wrapped by the mirror.
//
// Refused while the port merges what it receives (GRO, LRO): it would certify broken wires as good. Not thread-safe;
// runs on the verifier's thread.
#pragma once

#include "tcpmd5/service/tap_reader.h"
#include "tcpmd5/service/vantage.h"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <span>
#include <string>

namespace tw::tcpmd5 {

class Mirror : public Vantage {
 public:
  // `interface`: of the mirror port. Opens it at the next check().
  Mirror(boost::asio::io_context& io, std::string interface, VantageHandlers handlers);
  ~Mirror() override;

  // Opens the port if it is there and does not merge; closes it if that has changed.
  void check(Paths& paths, Offloads& offloads) override;
  bool working() const override { return reader_ != nullptr; }
  const std::string& name() const override { return name_; }
  SourceStatus status() const override;

 private:
  void close(std::string problem);
  void on_frames(std::span<const BatchedFrame> frames);

  boost::asio::io_context& io_;
  const std::string interface_, name_;
  VantageHandlers handlers_;
  std::shared_ptr<TapReader> reader_;
  unsigned ifindex_ = 0;
  std::string problem_ = "not opened yet";
  std::uint64_t uncheckable_ = 0;
};

}  // namespace tw::tcpmd5
