import type { Mutant } from '../mutant.js'

export const TLS_MUTANTS: readonly Mutant[] = [
  {
    rows: ['fapi-2 5.2.1-5'],
    tests: ['tls-9', 'tls-8'],
    file: 'client/transport.ts',
    find: 'connect: { timeout: CONNECT_TIMEOUT_MS },',
    replace: 'connect: { timeout: CONNECT_TIMEOUT_MS, checkServerIdentity: () => undefined },',
    gone: 'host names in certificates are not compared',
  },
  {
    rows: ['fapi-2 5.2.1-5'],
    tests: ['tls-9', 'tls-8'],
    file: 'client/transport.ts',
    find: 'connect: { timeout: CONNECT_TIMEOUT_MS },',
    replace: 'connect: { timeout: CONNECT_TIMEOUT_MS, rejectUnauthorized: false },',
    gone: 'certificates are not checked',
  },
]
