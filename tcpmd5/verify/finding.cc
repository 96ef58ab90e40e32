// Names of faults and fields, for people and for programs.
#include "tcpmd5/verify/finding.h"

namespace tw::tcpmd5 {

std::string_view to_string(FaultClass fault) {
  switch (fault) {
    case FaultClass::kNone: return "valid";
    case FaultClass::kSignedUncut: return "signed before it was cut";
    case FaultClass::kSentUnsigned: return "sent unsigned";
    case FaultClass::kUnsignedReset: return "unsigned reset";
    case FaultClass::kSentWrongDigest: return "sent with a wrong digest";
    case FaultClass::kCopiedDigest: return "copied digest";
    case FaultClass::kOptionStripped: return "option stripped";
    case FaultClass::kOptionRebuilt: return "option rebuilt";
    case FaultClass::kHeaderRewritten: return "header rewritten";
    case FaultClass::kPayloadChanged: return "payload changed";
    case FaultClass::kChecksumWrong: return "checksum wrong";
    case FaultClass::kMerged: return "merged";
    case FaultClass::kInjected: return "injected";
    case FaultClass::kLost: return "lost";
    case FaultClass::kReceivedWrongKey: return "received with a wrong digest";
    case FaultClass::kReceivedUnsigned: return "received unsigned";
    case FaultClass::kReceivedMerged: return "received merged";
    case FaultClass::kReceivedOversize: return "received oversize";
    case FaultClass::kReceivedUnexpected: return "received signed without need";
  }
  return "unknown";
}

std::string_view name_of(FaultClass fault) {
  switch (fault) {
    case FaultClass::kNone: return "valid";
    case FaultClass::kSignedUncut: return "signed-uncut";
    case FaultClass::kSentUnsigned: return "sent-unsigned";
    case FaultClass::kUnsignedReset: return "unsigned-reset";
    case FaultClass::kSentWrongDigest: return "sent-wrong-digest";
    case FaultClass::kCopiedDigest: return "copied-digest";
    case FaultClass::kOptionStripped: return "option-stripped";
    case FaultClass::kOptionRebuilt: return "option-rebuilt";
    case FaultClass::kHeaderRewritten: return "header-rewritten";
    case FaultClass::kPayloadChanged: return "payload-changed";
    case FaultClass::kChecksumWrong: return "checksum-wrong";
    case FaultClass::kMerged: return "merged";
    case FaultClass::kInjected: return "injected";
    case FaultClass::kLost: return "lost";
    case FaultClass::kReceivedWrongKey: return "received-wrong-key";
    case FaultClass::kReceivedUnsigned: return "received-unsigned";
    case FaultClass::kReceivedMerged: return "received-merged";
    case FaultClass::kReceivedOversize: return "received-oversize";
    case FaultClass::kReceivedUnexpected: return "received-unexpected";
  }
  return "unknown";
}

std::string_view to_string(HeaderField field) {
  switch (field) {
    case HeaderField::kSourceAddress: return "source address";
    case HeaderField::kDestinationAddress: return "destination address";
    case HeaderField::kSourcePort: return "source port";
    case HeaderField::kDestinationPort: return "destination port";
    case HeaderField::kSequence: return "sequence number";
    case HeaderField::kAcknowledgment: return "acknowledgment number";
    case HeaderField::kFlags: return "flags";
    case HeaderField::kWindow: return "window";
    case HeaderField::kUrgent: return "urgent pointer";
  }
  return "unknown";
}

}  // namespace tw::tcpmd5
