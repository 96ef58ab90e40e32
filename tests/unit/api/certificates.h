// An authority and what it signs, made by the openssl command in a directory of their own.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace tw::api::testing {

class Certificates {
 public:
  // `directory` exists and is empty.
  explicit Certificates(std::string directory) : directory_(std::move(directory)) {
    run("req -x509 -days 2 -subj /CN=authority " + new_key("ca") + " -out " + authority());
  }
  std::string authority() const { return file("ca.pem"); }
  std::string certificate(const std::string& name) const { return file(name + ".pem"); }
  std::string key(const std::string& name) const { return file(name + ".key"); }
  // `subject`: "/CN=rack"; `dns`: "DNS:a,DNS:b", empty: none.
  void issue(const std::string& name, const std::string& subject, const std::string& dns) const {
    run("req " + new_key(name) + " -subj " + subject + " -out " + file("csr"));
    std::ofstream(file("ext")) << (dns.empty() ? "basicConstraints=CA:FALSE\n" : "subjectAltName=" + dns + "\n");
    run("x509 -req -in " + file("csr") + " -CA " + authority() + " -CAkey " + key("ca") +
        " -CAcreateserial -days 2 -extfile " + file("ext") + " -out " + certificate(name));
  }
  static std::string contents(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }

 private:
  std::string file(const std::string& name) const { return directory_ + "/" + name; }
  std::string new_key(const std::string& name) const {
    return "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " + key(name);
  }
  void run(const std::string& words) const {
    ASSERT_EQ(std::system(("umask 077; openssl " + words + " 2>" + file("log")).c_str()), 0) << contents(file("log"));
  }
  const std::string directory_;
};

}  // namespace tw::api::testing
