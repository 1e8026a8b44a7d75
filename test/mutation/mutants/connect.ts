import type { Mutant } from '../mutant.js'

const OWN_NETWORK = 'attacks an address that leads into the own network'
const NEXT_LOOKUP = 'attacks a name that leads elsewhere at the next lookup'
const OTHERS_METADATA = 'attacks metadata of another resource or authorization server'
const BESIDE = 'attacks a token for what lies beside its resource'

/** What is believed of servers that people connect by address. */
export const CONNECT_MUTANTS: readonly Mutant[] = [
  {
    rows: [OWN_NETWORK],
    tests: ['address-1', 'address-2'],
    file: 'connect/public-address.ts',
    find: "if (parsed.range() !== 'unicast') return false",
    replace: "if (parsed.range() === 'loopback') return false",
    gone: 'only loopback is refused of what is not on the internet',
  },
  {
    rows: [OWN_NETWORK],
    tests: ['address-2'],
    file: 'connect/public-address.ts',
    find: 'parsed instanceof ipaddr.IPv4 || parsed.match(UNICAST_PREFIX, UNICAST_BITS)',
    replace: 'true',
    gone: 'IPv6 addresses that nobody was given are on the internet',
  },
  {
    rows: [NEXT_LOOKUP],
    tests: ['address-3', 'address-4'],
    file: 'connect/guarded-agent.ts',
    find: 'lookup: checkedLookup(lookup)',
    replace: 'lookup',
    gone: 'what a name resolves to is not checked',
  },
  {
    rows: [NEXT_LOOKUP],
    tests: ['address-4'],
    file: 'connect/guarded-agent.ts',
    find: 'addresses.find((one) => !isPublicAddress(one))',
    replace: 'addresses.slice(0, 1).find((one) => !isPublicAddress(one))',
    gone: 'only the first address of a name is checked',
  },
  {
    rows: [OTHERS_METADATA],
    tests: ['protected-resource-1'],
    file: 'connect/protected-resource.ts',
    find: 'isExact || (isWithin(address, named) && wellKnownAddress(named) === url)',
    replace: 'true',
    gone: 'metadata of another resource are used',
  },
  {
    rows: [OTHERS_METADATA],
    tests: ['protected-resource-2'],
    file: 'connect/protected-resource.ts',
    find: ' && wellKnownAddress(named) === url)',
    replace: ')',
    gone: 'one tenant of a host claims the resources of the others',
  },
  {
    rows: [OTHERS_METADATA],
    tests: ['authorization-server-1'],
    file: 'connect/authorization-server.ts',
    find: '[issuer, `${issuer}/`].includes(expected.href)',
    replace: 'URL.canParse(issuer) && new URL(issuer).origin === expected.origin',
    gone: 'metadata of another issuer of the same origin are used',
  },
  {
    rows: ['attacks a connected server without PKCE'],
    tests: ['authorization-server-2'],
    file: 'connect/authorization-server.ts',
    find: "!Array.isArray(methods) || !methods.includes('S256')",
    replace: "Array.isArray(methods) && !methods.includes('S256')",
    gone: 'a server that does not mention PKCE is connected',
  },
  {
    rows: ['attacks mix-up of two connected servers'],
    tests: ['choose-client-1'],
    file: 'connect/choose-client.ts',
    find: 'return saysWhoItIs || dangerouslyShareCallback',
    replace: 'return true',
    gone: 'the shared callback is used with servers that do not send iss',
  },
  {
    rows: [BESIDE],
    tests: ['resource-address-1'],
    file: 'connect/resource-address.ts',
    find: '[address.pathname, decodedPath(address)]',
    replace: '[address.pathname]',
    gone: 'slashes and dots that a server decodes lead out of a resource',
  },
  {
    rows: [BESIDE],
    tests: ['resource-address-1'],
    file: 'connect/resource-address.ts',
    find: '(one) => one === path || one.startsWith(`${path}/`)',
    replace: '(one) => one.startsWith(path)',
    gone: 'a path that begins like that of the resource is a part of it',
  },
  {
    rows: [BESIDE],
    tests: ['resource-address-1'],
    file: 'connect/resource-address.ts',
    find: 'if (address.origin !== resource.origin) return false',
    replace: '',
    gone: 'another origin is a part of the resource',
  },
]
