// A whole API server over a fake speaker, on a socket in a directory of its own.
#pragma once

#include "api/server.h"
#include "tests/unit/api/fake_control.h"
#include "tests/unit/api/fake_verify.h"
#include "tests/unit/api/samples.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

namespace tw::api::testing {

class TempDirectory {
 public:
  TempDirectory() {
    std::string pattern = "/tmp/truewire-api-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class ServerTest : public ::testing::Test {
 protected:
  explicit ServerTest(std::optional<HttpAddress> http = {}, bool with_verifier = false) {
    ApiOptions options;
    if (with_verifier) options.verify = verify;
    options.why_no_verify = "no CAP_NET_RAW";
    options.listen = {"unix:" + socket};
    options.http = std::move(http);
    options.health_interval = std::chrono::milliseconds(5);
    options.routing_timeout = std::chrono::milliseconds(200);
    server.emplace(control, options);
    const auto error = server->start();
    EXPECT_EQ(error, std::nullopt) << *error;
    channel = connect();
  }
  ~ServerTest() override {
    control->release();
    verify->release();
  }

  // A connection of its own.
  std::shared_ptr<grpc::Channel> connect(grpc::ChannelArguments arguments = {}) const {
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments);
  }

  // A connection whose streams take 64 KiB, and no more until something is read.
  std::shared_ptr<grpc::Channel> connect_narrow() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 * 1024);
    return connect(std::move(arguments));
  }

  TempDirectory directory;
  const std::string socket = directory.file("api.sock");
  std::shared_ptr<FakeControl> control = std::make_shared<FakeControl>();
  std::shared_ptr<FakeVerify> verify = std::make_shared<FakeVerify>();
  std::optional<ApiServer> server;
  std::shared_ptr<grpc::Channel> channel;
};

// A call that fails the test, rather than hang it, when there is no answer.
class Call : public grpc::ClientContext {
 public:
  Call() { set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60)); }
};

}  // namespace tw::api::testing
