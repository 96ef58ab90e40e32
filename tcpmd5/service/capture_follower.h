// A capture as a vantage: a file that grows while somebody captures into it, or a FIFO, pcap or pcapng.
//
//   mkfifo /run/truewire/wire; ssh mirror-host tcpdump -U -s 0 -w - tcp port 179 > /run/truewire/wire
//
// What a file holds already when it is opened is left out: it is about segments sent before. Who captures must not
// merge what it receives; that cannot be seen from here.
#pragma once

#include "tcpmd5/service/vantage.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tw::tcpmd5 {

class CaptureFollower : public Vantage {
 public:
  CaptureFollower(std::string path, VantageHandlers handlers);
  ~CaptureFollower() override;
  CaptureFollower(const CaptureFollower&) = delete;
  CaptureFollower& operator=(const CaptureFollower&) = delete;

  void check(Paths& paths, Offloads& offloads) override;
  void poll() override;
  bool working() const override { return fd_ >= 0 && recognised_; }
  const std::string& name() const override { return name_; }
  SourceStatus status() const override;

 private:
  static constexpr std::size_t kChunk = 1 << 20;  // octets read at a time

  void open();
  void close(std::string problem);
  bool read_some();
  void deliver(const std::vector<Record>& records);

  const std::string path_, name_;
  VantageHandlers handlers_;
  int fd_ = -1;
  bool recognised_ = false;   // it is a capture
  bool catching_up_ = false;  // what was there before is still being read
  CaptureDecoder decoder_;
  std::vector<std::uint8_t> pending_;  // octets that make no whole record yet
  std::string problem_ = "not opened yet";
  std::uint64_t frames_ = 0, truncated_ = 0;
};

}  // namespace tw::tcpmd5
