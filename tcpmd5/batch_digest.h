// The digests of many segments at once (RFC 2385 §2), several side by side in the lanes of an engine.
//
// The same answers as digest_of() and check_signature(), which are for one. It pays from a few segments on: give it as
// many as there are at hand. Not thread-safe: each thread has its own. Copies at most a few hundred octets of a
// segment; payload is read where it lies.
#pragma once

#include "tcpmd5/digest.h"
#include "tcpmd5/md5_lanes.h"
#include "tcpmd5/segment.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tw::tcpmd5 {

class BatchDigest {
 public:
  struct Job {
    const Segment* segment;
    const Key* key;
  };

  explicit BatchDigest(const Md5Engine& engine = fastest_md5_engine()) : engine_(engine) {}
  ~BatchDigest();  // wipes what it knew of keys
  BatchDigest(const BatchDigest&) = delete;
  BatchDigest& operator=(const BatchDigest&) = delete;

  // digests[i] becomes that of jobs[i]. REQUIRES: digests.size() >= jobs.size().
  void run(std::span<const Job> jobs, std::span<Md5::Digest> digests);

 private:
  // A message is at most three stretches of whole blocks: its beginning, which is put together here; payload, where it
  // lies; its end with key and padding, put together here.
  struct Stretch {
    const std::uint8_t* data;
    std::size_t blocks;
  };
  static constexpr std::size_t kHead = kMd5Block;      // pseudo-header and fixed header, filled up with payload
  static constexpr std::size_t kTail = 4 * kMd5Block;  // or all of a short message
  struct Lane {
    alignas(64) std::uint8_t head[kHead];
    std::uint8_t tail[kTail];
    Stretch stretches[3];
    std::size_t count = 0, current = 0;  // of stretches
    std::size_t job = 0;
    bool idle = true;
  };

  void order(std::span<const Job> jobs);
  void load(std::size_t lane, std::size_t job, const Job& what);
  std::size_t next_blocks() const;
  void advance(std::size_t blocks);
  Md5::Digest take(std::size_t lane) const;

  const Md5Engine& engine_;
  alignas(64) std::uint32_t state_[4 * kMaxMd5Lanes] = {};
  const std::uint8_t* data_[kMaxMd5Lanes] = {};
  Lane lanes_[kMaxMd5Lanes];
  std::vector<std::uint32_t> order_;  // of the jobs: like lengths beside one another
  std::vector<std::uint32_t> buckets_;
};

// Are these segments signed with one of their keys? Many at once.
class BatchChecker {
 public:
  struct Question {
    const Segment* segment;
    std::span<const Key> keys;
  };

  explicit BatchChecker(const Md5Engine& engine = fastest_md5_engine()) : digests_(engine) {}

  // One answer a question, valid until the next call.
  std::span<const Signature> check(std::span<const Question> questions);

 private:
  BatchDigest digests_;
  std::vector<Signature> answers_;
  std::vector<std::uint32_t> open_, still_open_;  // questions without an answer
  std::vector<BatchDigest::Job> jobs_;
  std::vector<Md5::Digest> results_;
};

}  // namespace tw::tcpmd5
