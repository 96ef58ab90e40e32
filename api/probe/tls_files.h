// What both ends of a probe's connection prove themselves by: files in PEM, read and checked before TLS sees them.
//
// gRPC would only say that its handshaker could not be made; this says which file, what is wrong, and what to do. Any
// thread.
#pragma once

#include <string>
#include <variant>

namespace tw::api {

struct TlsFiles {
  std::string certificate;  // our own, those of intermediate authorities behind it
  std::string private_key;  // of the certificate; nobody else may read or write it
  std::string authority;    // what the other side's certificate must be signed by
};

struct TlsMaterial {  // what the files hold
  std::string certificate, private_key, authority;
};

// Otherwise one line for people. Never repeats what a file holds.
std::variant<TlsMaterial, std::string> load_tls(const TlsFiles& files);

}  // namespace tw::api
