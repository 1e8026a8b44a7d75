import ipaddr from 'ipaddr.js'

/** What of IPv6 is given out for the internet. All else is reserved, such as `::/96`, which stands for IPv4 addresses. */
const [UNICAST_PREFIX, UNICAST_BITS] = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Whether an IP address is on the public internet: not loopback, private, link-local, shared, documentation, multicast or
 * reserved, and not an IPv6 address that stands for such an IPv4 one. What says where an IPv4 address is reached through
 * IPv6 (NAT64, 6to4, Teredo) is refused as a whole.
 *
 * @see [IANA IPv4 Special-Purpose Address Registry](https://www.iana.org/assignments/iana-ipv4-special-registry/)
 * @see [IANA IPv6 Special-Purpose Address Registry](https://www.iana.org/assignments/iana-ipv6-special-registry/)
 * @see [IANA IPv6 Address Space](https://www.iana.org/assignments/ipv6-address-space/)
 */
export function isPublicAddress(address: string): boolean {
  const withoutZone = address.replace(/%.*$/, '')
  if (!isAddress(withoutZone)) return false
  const parsed = ipaddr.parse(withoutZone)
  if (parsed.range() !== 'unicast') return false
  return parsed instanceof ipaddr.IPv4 || parsed.match(UNICAST_PREFIX, UNICAST_BITS)
}

/** Whether a text is an IP address. What only some take for one, such as `8.8` or `010.8.8.8`, is a name. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
}
