// What `truewire verify FILE…` prints: a line for a packet or a group, then the summary; for people, or JSON.
#pragma once

#include "tcpmd5/capture/capture_check.h"

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace tw::cli {

struct VerifiedFile {
  std::string name;
  tcpmd5::CheckSummary summary;
};

class VerifyOutput {
 public:
  virtual ~VerifyOutput() = default;
  virtual void file(const std::string& name) = 0;  // what follows is of this file
  virtual void packet(const tcpmd5::CheckedPacket& packet) = 0;
  virtual void copied_digest(const tcpmd5::CopiedDigest& group) = 0;
  virtual void summary(const std::vector<VerifiedFile>& files) = 0;
};

// Aligned columns, local time.
class VerifyText : public VerifyOutput {
 public:
  VerifyText(std::ostream& out, bool several_files) : out_(out), several_files_(several_files) {}
  void file(const std::string& name) override;
  void packet(const tcpmd5::CheckedPacket& packet) override;
  void copied_digest(const tcpmd5::CopiedDigest& group) override;
  void summary(const std::vector<VerifiedFile>& files) override;

 private:
  std::ostream& out_;
  bool several_files_;
  bool titled_ = false;
};

// One object a line; docs/OPERATING.md has the fields.
class VerifyJson : public VerifyOutput {
 public:
  explicit VerifyJson(std::ostream& out) : out_(out) {}
  void file(const std::string& name) override;
  void packet(const tcpmd5::CheckedPacket& packet) override;
  void copied_digest(const tcpmd5::CopiedDigest& group) override;
  void summary(const std::vector<VerifiedFile>& files) override;

 private:
  std::ostream& out_;
  std::string file_;  // as a JSON string
};

// Of all files together.
std::map<tcpmd5::PeerPair, tcpmd5::Counts> pairs_of(const std::vector<VerifiedFile>& files);
tcpmd5::Counts total_of(const std::vector<VerifiedFile>& files);

}  // namespace tw::cli
