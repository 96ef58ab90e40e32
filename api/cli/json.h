// Output for programs: protobuf's JSON mapping with the field names of truewire.v1, defaults included, one line each.
#pragma once

#include <iosfwd>

namespace google::protobuf {
class Message;
}

namespace tw::cli {

void print_json(std::ostream& out, const google::protobuf::Message& message);

}  // namespace tw::cli
