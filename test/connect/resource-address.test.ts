import { describe, expect, it } from '@jest/globals'
import { isWithin, readResourceAddress } from '../../src/connect/resource-address.js'

describe('an address that a person enters', () => {
  it.each([
    ['https://mcp.example', 'https://mcp.example/'],
    ['  https://MCP.example:443/mcp#top ', 'https://mcp.example/mcp'],
    ['https://mcp.example/a/../mcp?tenant=1', 'https://mcp.example/mcp?tenant=1'],
    ['https://127.0.0.1/mcp', 'https://127.0.0.1/mcp'],
  ])('is read as a browser does: %j', (written, href) => {
    expect(readResourceAddress(written, false).href).toBe(href)
  })

  it.each<[unknown, RegExp]>([
    ['', /Enter the address/],
    [undefined, /Enter the address/],
    [['https://mcp.example'], /Enter the address/],
    ['mcp.example/mcp', /must begin with https:/],
    ['https://', /must begin with https:/],
    ['http://mcp.example', /must be HTTPS/],
    ['http://127.0.0.1:3000/mcp', /must be HTTPS/],
    ['javascript:alert(1)', /must be HTTPS/],
    ['data:application/json,{}', /must be HTTPS/],
    ['file:///etc/passwd', /must be HTTPS/],
    ['https://accounts.google.com@evil.example/', /no name and no password/],
    ['https://:secret@evil.example/', /no name and no password/],
    [`https://mcp.example/${'a'.repeat(1_000)}`, /longer than 1000 characters/],
  ])('is refused as %j, and says why', (written, message) => {
    expect(() => readResourceAddress(written, false)).toThrow(
      expect.objectContaining({
        ...{ code: 'ERR_NOT_CONNECTABLE', reason: 'address', status: 422 },
        message: expect.stringMatching(message),
      }),
    )
  })

  it('may be plain HTTP to this machine if that is allowed, and to no other', () => {
    expect(readResourceAddress('http://localhost:3000/mcp', true).port).toBe('3000')
    expect(() => readResourceAddress('http://10.0.0.1/mcp', true)).toThrow('must be HTTPS')
    expect(() => readResourceAddress('http://localhost.evil.example/', true)).toThrow('HTTPS')
  })
})

describe('a resource', () => {
  it.each([
    ['https://h.example/mcp', 'https://h.example/mcp'],
    ['https://h.example/mcp', 'https://h.example/mcp/'],
    ['https://h.example/mcp/', 'https://h.example/mcp'],
    ['https://h.example/mcp', 'https://h.example/mcp/tools?x=1'],
    ['https://h.example/mcp', 'https://h.example/mcp?x=1'],
    ['https://h.example', 'https://h.example/anything/at/all'],
    ['https://h.example/', 'https://h.example//mcp'],
    ['https://h.example:443/mcp', 'https://h.example/mcp'],
    ['https://h.example/a/../mcp', 'https://h.example/mcp/x'],
    ['https://h.example/mcp?tenant=1', 'https://h.example/mcp?tenant=1'],
    ['https://h.example/mcp', 'https://h.example/mcp/a%2Fb'],
    ['https://h.example/mcp', 'https://h.example/mcp/a/../b'],
    ['https://h.example/mcp', 'https://h.example/mcp/a..b/..c/100%25/x;y=1'],
  ])('%s covers %s', (resource, address) => {
    expect(isWithin(new URL(address), new URL(resource))).toBe(true)
  })

  it.each([
    ['https://h.example/mcp', 'https://h.example/mcp-evil'],
    ['https://h.example/mcp', 'https://h.example/mcp%2Fevil'],
    ['https://h.example/mcp', 'https://h.example/mcp%00/evil'],
    ['https://h.example/mcp', 'https://h.example/MCP'],
    ['https://h.example/mcp', 'https://h.example/'],
    ['https://h.example/mcp', 'https://h.example//mcp'],
    ['https://h.example/mcp', 'https://h.example/mcp/../evil'],
    ['https://h.example/mcp', 'https://h.example/mcp/%2e%2e/evil'],
    ['https://h.example/mcp', 'https://h.example/mcp/..%2Fevil'],
    ['https://h.example/mcp', 'https://h.example/mcp/x%2f..%2f%2e%2e%2fevil'],
    ['https://h.example/mcp', 'https://h.example/mcp/..%5Cevil'],
    ['https://h.example/mcp', 'https://h.example/mcp\\..\\evil'],
    ['https://h.example/mcp', 'https://h.example/mcp/..;/evil'],
    ['https://h.example/mcp', 'https://h.example/mcp/..;x=1/evil'],
    ['https://h.example/mcp', 'https://h.example/mcp/%252e%252e%252fevil'],
    ['https://h.example/mcp', 'https://h.example/mcp/%25252e%25252e/evil'],
    ...['%00', '%3b', '%253b', '%3f', '%23', '%09', '%20', ';'].map((end) => [
      ...['https://h.example/mcp', `https://h.example/mcp/..${end}/evil`],
    ]),
    ['https://h.example/mcp', 'https://h.example/mcp/.%00./evil'],
    ['https://h.example/mcp', 'https://h.example/mcp/..%2f'],
    ['https://h.example/mcp', 'https://h.example:8443/mcp'],
    ['https://h.example/mcp', 'http://h.example/mcp'],
    ['https://h.example/mcp', 'https://h.example.evil.example/mcp'],
    ['https://h.example/mcp', 'https://sub.h.example/mcp'],
    ['https://h.example/mcp?tenant=1', 'https://h.example/mcp'],
    ['https://h.example/mcp?tenant=1', 'https://h.example/mcp?tenant=2'],
    ['https://h.example/mcp?tenant=1', 'https://h.example/mcp?tenant=1&tenant=2'],
  ])('%s does not cover %s [resource-address-1]', (resource, address) => {
    expect(isWithin(new URL(address), new URL(resource))).toBe(false)
  })
})
