#include "tcpmd5/verify/signature_batch.h"

namespace tw::tcpmd5 {

void check_signatures(std::span<SignatureJob> jobs) {
  for (SignatureJob& job : jobs) job.result = check_signature(*job.segment, job.keys);
}

}  // namespace tw::tcpmd5
