// A mirror port as a vantage: its frames are copies of what passed on the wire, plain or wrapped by the mirror.
//
// Refused while the port merges what it receives (GRO, LRO): it would certify broken wires as good. Not thread-safe;
// runs on the verifier's thread.
#pragma once

#include "tcpmd5/offload/offloads.h"
#include "tcpmd5/service/paths.h"
#include "tcpmd5/service/tap_reader.h"
#include "tcpmd5/service/verify_control.h"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace tw::tcpmd5 {

struct MirrorHandlers {
  std::function<void(std::span<const Copy>, const std::string& vantage)> copies;
  std::function<void(Blindness)> blind;
};

class Mirror {
 public:
  // `interface`: of the mirror port. Opens it at the next check().
  Mirror(boost::asio::io_context& io, std::string interface, MirrorHandlers handlers);
  ~Mirror();

  // Opens the port if it is there and does not merge; closes it if that has changed. To be called now and then.
  void check(Paths& paths, Offloads& offloads);
  bool working() const { return reader_ != nullptr; }
  const std::string& name() const { return name_; }
  SourceStatus status() const;

 private:
  void close(std::string problem);
  void on_frames(std::span<const BatchedFrame> frames);

  boost::asio::io_context& io_;
  const std::string interface_, name_;
  MirrorHandlers handlers_;
  std::shared_ptr<TapReader> reader_;
  unsigned ifindex_ = 0;
  std::string problem_ = "not opened yet";
  std::uint64_t uncheckable_ = 0;
};

}  // namespace tw::tcpmd5
