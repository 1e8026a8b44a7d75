import ipaddr from 'ipaddr.js'

/**
 * Whether an IP address is on the public internet: not loopback, private, link-local, shared, documentation, multicast or
 * reserved, and not an IPv6 address that stands for such an IPv4 one. What says where an IPv4 address is reached through
 * IPv6 (NAT64, 6to4, Teredo) is refused as a whole.
 *
 * @see [IANA IPv4 Special-Purpose Address Registry](https://www.iana.org/assignments/iana-ipv4-special-registry/)
 * @see [IANA IPv6 Special-Purpose Address Registry](https://www.iana.org/assignments/iana-ipv6-special-registry/)
 */
export function isPublicAddress(address: string): boolean {
  const withoutZone = address.replace(/%.*$/, '')
  return ipaddr.isValid(withoutZone) && ipaddr.parse(withoutZone).range() === 'unicast'
}
