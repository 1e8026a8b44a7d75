import type { Mutant } from '../mutant.js'

const OWN_NETWORK = 'attacks an address that leads into the own network'
const NEXT_LOOKUP = 'attacks a name that leads elsewhere at the next lookup'
const OTHERS_METADATA = 'attacks metadata of another resource or authorization server'
const MIX_UP = 'attacks mix-up of two connected servers'
const SHOWN = 'attacks a login page other than the page that asks has shown'
const FAILS_LATER = 'attacks metadata that fail after the person has agreed'
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
    find: '!isNormal || !isSameIssuer(issuer, expected.href)',
    replace: '!isNormal || new URL(issuer).origin !== expected.origin',
    gone: 'metadata of another issuer of the same origin are used',
  },
  {
    rows: [OTHERS_METADATA],
    tests: ['protected-resource-3'],
    file: 'connect/protected-resource.ts',
    find: '[address.href, `${address.href}/`].includes(named.href)',
    replace: 'named.href === address.href || named.href === withoutQuery(address)',
    gone: 'a tenant that the query names claims the resources of the others',
  },
  {
    rows: [FAILS_LATER],
    tests: ['authorization-server-3'],
    file: 'connect/server-metadata.ts',
    find: 'isPlain && isSecure(url) && !isOthersLoopback ? href : undefined',
    replace: 'href',
    gone: 'any address is an endpoint',
  },
  {
    rows: [SHOWN],
    tests: ['connect-shown-2'],
    file: 'connect/target-options.ts',
    find: '    authorizationURL,\n',
    replace: '',
    gone: 'people are sent where the metadata lead that were read last',
  },
  {
    rows: [MIX_UP],
    tests: ['target-options-1'],
    file: 'connect/target-options.ts',
    find: "kind !== 'registered' && isLoginElsewhere(authorizationURL, issuer)",
    replace: 'false',
    gone: 'a server that sends people to another need not say who it is',
  },
  {
    rows: [MIX_UP],
    tests: ['plan-1'],
    file: 'connect/plan.ts',
    find: 'if (saysWhoItIs || !isLoginElsewhere(url, issuer)) return',
    replace: 'if (url !== issuer) return',
    gone: 'people are sent to another server that need not say who it is',
  },
  {
    rows: ['attacks the same account id in two applications with one store'],
    tests: ['connect-names-1'],
    file: 'connect/own-notes.ts',
    find: '`${name}/${rest}`',
    replace: '`connect/${rest}`',
    gone: 'connections of two applications are one person’s',
  },
  {
    rows: ['attacks a connected server without PKCE'],
    tests: ['authorization-server-2'],
    file: 'connect/authorization-server.ts',
    find: "metadata.code_challenge_methods_supported?.includes('S256') !== true",
    replace: "metadata.code_challenge_methods_supported?.includes('S256') === false",
    gone: 'a server that does not mention PKCE is connected',
  },
  {
    rows: [MIX_UP],
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
    find: 'isBelow && !LEADS_OUT.test(decoded)',
    replace: 'isBelow',
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
