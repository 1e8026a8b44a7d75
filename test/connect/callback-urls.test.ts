import { describe, expect, it } from '@jest/globals'
import { callbackURLsOf } from '../../src/connect/callback-urls.js'

const CALLBACK = 'https://app.example/connect/callback'
const [ONE, OTHER] = ['https://as.example', 'https://as.example/tenant']

describe('the addresses of the routes', () => {
  it('are a callback and a document of its own for each server, beside the shared callback', () => {
    const urls = callbackURLsOf(CALLBACK)
    expect(urls.shared).toBe(CALLBACK)
    expect(urls.ofServer(ONE)).toMatch(/^https:\/\/app\.example\/connect\/callback\/[\w-]{20,}$/)
    expect(urls.ofServer(ONE)).not.toBe(urls.ofServer(OTHER))
    // The same in each process, and after a restart.
    expect(callbackURLsOf(CALLBACK).ofServer(ONE)).toBe(urls.ofServer(ONE))
    expect(urls.documentOf(ONE)).toMatch(/^https:\/\/app\.example\/connect\/client\/[\w-]{20,}$/)
    expect(urls.ofId(urls.idOf(ONE))).toEqual({
      callback: urls.ofServer(ONE),
      document: urls.documentOf(ONE),
    })
  })

  it('are one where a person connects a resource, whose address cannot break out', () => {
    const { connect } = callbackURLsOf(CALLBACK)
    const address = 'https://mcp.example/mcp?a=1&resource=https://evil.example#x'
    const url = new URL(connect(address))
    expect(url.origin + url.pathname).toBe('https://app.example/connect/login')
    expect([...url.searchParams]).toEqual([['resource', address]])
  })

  it.each([
    'http://localhost:3000/connect/callback',
    'http://127.0.0.1/callback',
    'https://localhost/callback',
  ])('have no document below %s, which no server could read', (callbackURL) => {
    expect(callbackURLsOf(callbackURL).documentOf(ONE)).toBeUndefined()
  })

  it.each([
    'https://app.example/connect/',
    'https://app.example/connect/callback/',
    'https://app.example/connect/my-callback',
    'https://app.example/connect/callback?x=1',
  ])('are refused for the callbackURL %s', (callbackURL) => {
    expect(() => callbackURLsOf(callbackURL)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'callbackURL' }),
    )
  })
})
