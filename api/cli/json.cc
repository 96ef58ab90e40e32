// Fields that are absent are left out only where absence means something (optional numbers, messages).
#include "api/cli/json.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <ostream>
#include <string>

namespace tw::cli {

void print_json(std::ostream& out, const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(message, &text, options);
  out << text << '\n';
}

}  // namespace tw::cli
