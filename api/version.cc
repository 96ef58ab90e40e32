// The version comes from CMakeLists.txt, the compiler from itself.
#include "api/version.h"

namespace tw::api {

std::string_view version() { return TRUEWIRE_VERSION; }

std::string_view compiler() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

}  // namespace tw::api
