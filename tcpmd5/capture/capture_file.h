// A capture file, read chunk by chunk.
//
// Chunks are read into memory and not mapped: a mapped file that shrinks kills its reader, pipes cannot be mapped, and
// a chunk that was just read is still in the processor's cache when it is looked at. Memory is bounded by the chunks in
// use, whatever the size of the file. Not thread-safe: threads that share a file take turns with next(), each with a
// chunk of its own.
#pragma once

#include "tcpmd5/capture/capture_decoder.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tw::tcpmd5 {

// Where octets come from. Tests have one of their own.
class OctetSource {
 public:
  virtual ~OctetSource() = default;
  // Reads at most `room` octets, at least one unless at the end; negative: -errno.
  virtual std::int64_t read(std::uint8_t* into, std::size_t room) = 0;
};

class CaptureFile {
 public:
  static constexpr std::size_t kChunk = 1U << 20U;  // octets, unless a single record is longer

  struct Chunk {
    std::vector<Record> records;     // views of this chunk
    std::uint64_t first_number = 1;  // of the first record; they count from 1, as other programs do
    std::uint64_t position = 0;      // of this chunk among the file's

   private:
    friend class CaptureFile;
    std::unique_ptr<std::uint8_t[]> octets_;
    std::size_t capacity_ = 0;
  };

  // How the file ended.
  struct Ending {
    enum class Kind : std::uint8_t {
      kWhole,
      kCut,         // in the middle of a record
      kDamaged,     // what follows is no record
      kUnreadable,  // not a capture from its first octet, or the system refused to read on
    } kind = Kind::kWhole;
    std::uint64_t offset = 0;  // octets that were made use of
    std::string text;          // what is wrong, for people; empty: kWhole
  };

  // `path`: "-" is standard input. Otherwise why it cannot be opened.
  static std::variant<CaptureFile, std::string> open(const std::string& path);
  explicit CaptureFile(std::unique_ptr<OctetSource> source, std::size_t chunk = kChunk);

  // Fills the chunk, whose memory is used again, with the next records, at least one; false: there are no more.
  bool next(Chunk& chunk);

  // After next() returned false.
  const Ending& ending() const { return ending_; }

 private:
  std::optional<std::size_t> fill(Chunk& chunk, std::size_t held);
  void end(Ending::Kind kind, std::string text);

  std::unique_ptr<OctetSource> source_;
  std::size_t chunk_size_;
  CaptureDecoder decoder_;
  std::vector<std::uint8_t> left_over_;  // the beginning of a record that the last chunk did not hold whole
  std::uint64_t records_ = 0, chunks_ = 0;
  bool at_end_ = false, over_ = false;
  Ending ending_;
};

}  // namespace tw::tcpmd5
