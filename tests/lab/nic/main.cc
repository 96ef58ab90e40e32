// software_nic: two hosts' NICs and the wire between them, made of TAP devices, with faults to order.
//
//   software_nic --speaker NS:IFACE --peer NS:IFACE [--mirror NS:IFACE] [--mirror-defects key=value,…]
//                [--napi speaker|peer]… [--fault NAME,key=value,…]… --control PATH
//   software_nic --list      the faults there are, as JSON
//
// It makes the interfaces in namespaces that are there already; they go with it. A fault that is gated strikes only
// while the feature bit of the speaker's interface is on, whoever switches it. Prints {"ready":true} when frames pass.
#include "tests/lab/nic/control.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <set>
#include <stdexcept>
#include <string>

namespace tw::lab {
namespace {

struct Options {
  NicOptions nic;
  std::string control;
};

void take_option(Options& options, const std::string& name, const std::string& value) {
  if (name == "--speaker") {
    options.nic.speaker = tap_name(value);
  } else if (name == "--peer") {
    options.nic.peer = tap_name(value);
  } else if (name == "--mirror") {
    options.nic.mirror = tap_name(value);
  } else if (name == "--mirror-defects") {
    options.nic.mirror_defects = "mirror," + value;
  } else if (name == "--napi") {
    if (value != "speaker" && value != "peer") throw std::invalid_argument("--napi " + value + ": speaker or peer");
    (value == "speaker" ? options.nic.speaker_receives : options.nic.peer_receives) = Tap::Receive::kNapi;
  } else if (name == "--fault") {
    options.nic.faults.push_back(value);
  } else if (name == "--control") {
    options.control = value;
  } else {
    throw std::invalid_argument("unknown option " + name);
  }
}

Options parse_options(std::span<char*> arguments) {
  Options options;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) take_option(options, arguments[i], arguments[i + 1]);
  if (arguments.size() % 2 != 0 || options.control.empty() || options.nic.speaker.interface.empty() ||
      options.nic.peer.interface.empty())
    throw std::invalid_argument("--speaker, --peer and --control are needed, each with a value");
  return options;
}

void list_faults() {
  std::string rows;
  for (const FaultRow& row : fault_table())
    rows += (rows.empty() ? "" : ",\n") + (" {\"name\":\"" + std::string(row.name)) + "\",\"kind\":\"" +
            std::string(row.kind) + "\",\"text\":\"" + std::string(row.text) + "\"}";
  std::printf("[\n%s\n]\n", rows.c_str());
}

int open_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM}) sigaddset(&signals, number);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return ::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

// Waits for frames, commands, what is due, or the end.
class Loop {
 public:
  explicit Loop(const Options& options) : nic_(options.nic), control_(options.control, nic_), signals_(open_signals()) {
    for (const int fd : nic_.descriptors()) watch(fd);
    watch(signals_);
  }

  void run() {
    std::puts("{\"ready\":true}");
    std::fflush(stdout);
    while (!control_.has_quit()) {
      for (const int fd : control_.work()) watch(fd);
      nic_.work(std::chrono::steady_clock::now());
      if (wait_until(nic_.next_due(std::chrono::steady_clock::now()))) return;
    }
  }

 private:
  // A closed descriptor leaves the set by itself, and its number may come again: adding twice is no error.
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  // Whether a signal asked for the end.
  bool wait_until(TimePoint due) {
    using std::chrono::nanoseconds;
    const auto left = std::max(due - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration::zero());
    const auto count = std::chrono::duration_cast<nanoseconds>(left).count();
    const timespec timeout{count / 1'000'000'000, count % 1'000'000'000};
    std::array<epoll_event, 8> events{};
    const int ready = ::epoll_pwait2(epoll_, events.data(), events.size(), &timeout, nullptr);
    return std::any_of(events.begin(), events.begin() + std::max(ready, 0),
                       [this](const epoll_event& event) { return event.data.fd == signals_; });
  }

  SoftwareNic nic_;
  Control control_;
  int signals_;
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
};

}  // namespace
}  // namespace tw::lab

int main(int argc, char** argv) {
  try {
    const std::span arguments(argv + 1, static_cast<std::size_t>(argc - 1));
    if (arguments.size() == 1 && std::string_view(arguments[0]) == "--list") {
      tw::lab::list_faults();
      return 0;
    }
    tw::lab::Loop(tw::lab::parse_options(arguments)).run();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "software_nic: %s\n", error.what());
    return 2;
  }
}
