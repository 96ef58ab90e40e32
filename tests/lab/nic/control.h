// A Unix socket on which one is told what to do, line by line, and answers each with a line of JSON.
//
//   fault NAME,key=value,…   puts a fault in place, or anew (see fault_table.h)
//   on LABEL | off LABEL     switches one that is in place
//   mirror key=value,…       the mirror's defects; none given: none
//   inject HEX               a frame towards the speaker's host, as it is
//   stats                    counters, the knobs' state and changes, what each fault has done
//   quit
//
// {"ok":true}, what was asked for, or {"error":"…"}. One thread.
#pragma once

#include "tests/lab/nic/software_nic.h"

#include <map>
#include <string>

namespace tw::lab {

class Control {
 public:
  // Throws std::system_error.
  Control(const std::string& path, SoftwareNic& nic);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Answers what has come. Returns the descriptors to wait for from now on.
  std::vector<int> work();
  bool has_quit() const { return quit_; }

  std::string answer(const std::string& line);  // without line ends

 private:
  bool serve(int fd, std::string& pending);
  std::string execute(const std::string& command, const std::string& argument);

  std::string path_;
  SoftwareNic& nic_;
  int listener_;
  std::map<int, std::string> connections_;  // what of a line has come so far
  bool quit_ = false;
};

}  // namespace tw::lab
