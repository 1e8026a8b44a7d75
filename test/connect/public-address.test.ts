import { describe, expect, it } from '@jest/globals'
import { isPublicAddress } from '../../src/connect/public-address.js'

/** The IANA IPv4 Special-Purpose Address Registry, and multicast: the first and last address of each block. */
const SPECIAL_IPV4 = [
  ['"This network"', '0.0.0.0', '0.255.255.255'],
  ['Private-Use', '10.0.0.0', '10.255.255.255'],
  ['Shared Address Space', '100.64.0.0', '100.127.255.255'],
  ['Loopback', '127.0.0.0', '127.255.255.255'],
  ['Link Local', '169.254.0.0', '169.254.255.255'],
  ['the metadata service of clouds', '169.254.169.254', '169.254.170.2'],
  ['Private-Use', '172.16.0.0', '172.31.255.255'],
  ['IETF Protocol Assignments', '192.0.0.0', '192.0.0.255'],
  ['Documentation (TEST-NET-1)', '192.0.2.0', '192.0.2.255'],
  ['AS112-v4', '192.31.196.0', '192.31.196.255'],
  ['AMT', '192.52.193.0', '192.52.193.255'],
  ['6to4 Relay Anycast', '192.88.99.0', '192.88.99.255'],
  ['Private-Use', '192.168.0.0', '192.168.255.255'],
  ['Direct Delegation AS112 Service', '192.175.48.0', '192.175.48.255'],
  ['Benchmarking', '198.18.0.0', '198.19.255.255'],
  ['Documentation (TEST-NET-2)', '198.51.100.0', '198.51.100.255'],
  ['Documentation (TEST-NET-3)', '203.0.113.0', '203.0.113.255'],
  ['Multicast', '224.0.0.0', '239.255.255.255'],
  ['Reserved', '240.0.0.0', '255.255.255.254'],
  ['Limited Broadcast', '255.255.255.255', '255.255.255.255'],
] as const

/** The IANA IPv6 Special-Purpose Address Registry, and what of IPv6 is not given out for the internet. */
const SPECIAL_IPV6 = [
  ['Unspecified', '::', '0:0:0:0:0:0:0:0'],
  ['Loopback', '::1', '0:0:0:0:0:0:0:1'],
  ['IPv4-compatible', '::2', '::ffff:ffff'],
  ['IPv4-compatible loopback', '::7f00:1', '::127.0.0.1'],
  ['IPv4-mapped', '::ffff:0:0', '::ffff:ffff:ffff'],
  ['IPv4-mapped loopback', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  ['IPv4-mapped public', '::ffff:8.8.8.8', '::ffff:808:808'],
  ['IPv4-translated', '::ffff:0:127.0.0.1', '::ffff:0:7f00:1'],
  ['IPv4-IPv6 Translat. (NAT64)', '64:ff9b::', '64:ff9b::ffff:ffff'],
  ['NAT64 of loopback', '64:ff9b::127.0.0.1', '64:ff9b::7f00:1'],
  ['IPv4-IPv6 Translat. (local NAT64)', '64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
  ['Discard-Only', '100::', '100::ffff:ffff:ffff:ffff'],
  ['Dummy IPv6 Prefix', '100:0:0:1::', '100:0:0:1:ffff:ffff:ffff:ffff'],
  ['not given out', '200::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['Teredo', '2001::', '2001:0:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['Teredo to loopback', '2001:0:7f00:1::', '2001::80ff:fffe'],
  ['Port Control Protocol Anycast', '2001:1::1', '2001:1::2'],
  ['Benchmarking', '2001:2::', '2001:2:0:ffff:ffff:ffff:ffff:ffff'],
  ['AMT', '2001:3::', '2001:3:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['AS112-v6', '2001:4:112::', '2001:4:112:ffff:ffff:ffff:ffff:ffff'],
  ['ORCHID', '2001:10::', '2001:1f:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['ORCHIDv2', '2001:20::', '2001:2f:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['Drone Remote ID', '2001:30::', '2001:3f:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['IETF Protocol Assignments', '2001:40::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['Documentation', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['6to4', '2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['6to4 of loopback', '2002:7f00:1::', '2002:7f00:1::7f00:1'],
  ['Direct Delegation AS112 Service', '2620:4f:8000::', '2620:4f:8000:ffff:ffff:ffff:ffff:ffff'],
  ['Documentation', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['not given out', '4000::', '5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['Segment Routing (SRv6) SIDs', '5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['not given out', '6000::', 'fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['Unique-Local', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['not given out', 'fe00::', 'fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['Link-Local Unicast', 'fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['Link-Local Unicast with a zone', 'fe80::1%eth0', 'fe80::1%1'],
  ['Site-Local', 'fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['Multicast', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
] as const

describe('an address on the public internet', () => {
  it.each(SPECIAL_IPV4)('is none of the IPv4 block %s, %s to %s [address-1]', (_, first, last) => {
    expect([first, last].map(isPublicAddress)).toEqual([false, false])
  })

  it.each(SPECIAL_IPV6)('is none of the IPv6 block %s, %s to %s [address-2]', (_, first, last) => {
    expect([first, last].map(isPublicAddress)).toEqual([false, false])
  })

  it.each([
    // What lies next to the blocks above.
    ...['1.0.0.0', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
    ...['128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.0.1.0'],
    ...['192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255'],
    ...['8.8.8.8', '93.184.215.14', '2000::1', '2001:200::', '2001:4860:4860::8888', '2003::1'],
    ...['2606:4700:4700::1111', '2a00:1450:4001:800::200e', '3ffe::1', '2606:4700::1%eth0'],
  ])('is %s', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  it.each([
    '',
    'localhost',
    'example.com',
    '8.8',
    '134744072',
    '0x8.8.8.8',
    '010.8.8.8',
    '[2000::1]',
  ])('is not %j, which is no address or another one for others', (text) => {
    expect(isPublicAddress(text)).toBe(false)
  })
})
