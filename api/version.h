// What this build is, for `version`, the build-info metric and GetSpeaker. Thread-safe.
#pragma once

#include <string_view>

namespace tw::api {

std::string_view version();   // "0.1.0": the project's version in CMakeLists.txt
std::string_view compiler();  // "gcc 12.2.0"

}  // namespace tw::api
