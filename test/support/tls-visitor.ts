// A process of its own, whose certificate authorities are those of NODE_EXTRA_CA_CERTS: reads the metadata of the issuer
// in the first argument, without a dispatcher, and prints the network's error code, or what the server has answered.
import { discover } from '../../src/index.js'
import type { DiscoveryError } from '../../src/index.js'

const answer = await discover(process.argv[2]).then(
  () => 'metadata',
  (error: unknown) => {
    const { networkCode, httpStatus } = error as DiscoveryError
    return networkCode ?? `HTTP ${httpStatus ?? '?'}`
  },
)
process.stdout.write(answer, () => process.exit())
