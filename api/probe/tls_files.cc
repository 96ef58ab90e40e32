#include "api/probe/tls_files.h"

#include "tcpmd5/key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace tw::api {

namespace {

constexpr off_t kMaxFile = 1 << 20;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Text = std::unique_ptr<BIO, Freed<BIO_free>>;

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

using Contents = std::variant<std::string, std::string>;  // what it holds, or what is wrong

Contents refused(const std::string& path, const char* why) {
  return Contents(std::in_place_index<1>, fmt::format("{}: {}", path, why));
}

Contents contents(const std::string& path, bool secret) {
  // O_NONBLOCK: a FIFO put in the file's place must not hang us.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
  struct stat about {};
  if (file.fd < 0 || ::fstat(file.fd, &about) != 0) return refused(path, std::strerror(errno));
  if (!S_ISREG(about.st_mode)) return refused(path, "not a regular file");
  if (about.st_size > kMaxFile) return refused(path, "too long for a file in PEM");
  if (secret) {
    if (auto fault = tcpmd5::key_permission_fault(path, about.st_mode))
      return Contents(std::in_place_index<1>, std::move(*fault));
  }
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = ::read(file.fd, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refused(path, std::strerror(errno));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  return Contents(std::in_place_index<0>, std::move(text));
}

Text reader_of(const std::string& text) { return Text(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Certificate certificate_in(const std::string& text) {
  const Text reader = reader_of(text);
  Certificate found(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return found;
}

PrivateKey private_key_in(const std::string& text) {
  const Text reader = reader_of(text);
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  PrivateKey found(PEM_read_bio_PrivateKey(reader.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return found;
}

std::optional<std::string> out_of_date(const std::string& path, const X509* certificate) {
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
    return fmt::format("{}: the certificate has expired; make a new one", path);
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
    return fmt::format("{}: the certificate is not valid yet; is the clock right?", path);
  return std::nullopt;
}

}  // namespace

std::variant<TlsMaterial, std::string> load_tls(const TlsFiles& files) {
  Contents certificate = contents(files.certificate, false), key = contents(files.private_key, true),
           authority = contents(files.authority, false);
  for (Contents* each : {&certificate, &key, &authority})
    if (each->index() == 1) return std::get<1>(std::move(*each));
  TlsMaterial material{std::get<0>(std::move(certificate)), std::get<0>(std::move(key)),
                       std::get<0>(std::move(authority))};

  const Certificate ours = certificate_in(material.certificate);
  if (!ours) return fmt::format("{}: holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", files.certificate);
  if (auto fault = out_of_date(files.certificate, ours.get())) return *fault;
  const PrivateKey private_key = private_key_in(material.private_key);
  if (!private_key)
    return fmt::format("{}: holds no private key in PEM, or one with a passphrase, which cannot be asked for",
                       files.private_key);
  if (X509_check_private_key(ours.get(), private_key.get()) != 1) {
    ERR_clear_error();
    return fmt::format("{} is not the private key of the certificate in {}", files.private_key, files.certificate);
  }
  const Certificate signer = certificate_in(material.authority);
  if (!signer) return fmt::format("{}: holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", files.authority);
  if (auto fault = out_of_date(files.authority, signer.get())) return *fault;
  return material;
}

}  // namespace tw::api
