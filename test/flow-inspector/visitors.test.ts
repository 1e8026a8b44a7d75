import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { isLocal } from '../../src/flow-inspector/visitors.js'

function visit(
  remoteAddress: string | undefined,
  headers: Record<string, string>,
  httpVersion = '1.1',
): boolean {
  const message = { socket: { remoteAddress }, headers, httpVersion }
  return isLocal(message as unknown as IncomingMessage)
}

describe('a visitor is local', () => {
  it.each([
    ['127.0.0.1', 'localhost:3000'],
    ['127.9.8.7', '127.0.0.1'],
    ['::1', '[::1]:3000'],
    ['::ffff:127.0.0.1', 'app.localhost:3000'],
  ])('who comes from %s to %s', (address, host) => {
    expect(visit(address, { host })).toBe(true)
  })
})

describe('a visitor is not local', () => {
  it.each([
    ['192.168.1.7', 'localhost:3000'],
    ['::ffff:10.0.0.1', 'localhost:3000'],
    ['fe80::1', 'localhost:3000'],
    ['127.0.0.1', 'rebound.example'],
    ['127.0.0.1', 'localhost.example'],
    ['127.0.0.1', '127.0.0.1.example'],
    ['127.0.0.1', '%'],
    ['127.0.0.1', ''],
    [undefined, 'localhost'],
  ])('who comes from %s to %s', (address, host) => {
    expect(visit(address, { host })).toBe(false)
  })

  it.each([
    ['forwarded', 'for=203.0.113.7'],
    ['x-forwarded-for', '203.0.113.7'],
    ['x-forwarded-host', 'app.example'],
    ['x-forwarded-proto', 'https'],
    ['x-real-ip', '203.0.113.7'],
    ['via', '1.1 proxy'],
    ['cf-connecting-ip', '203.0.113.7'],
    ['true-client-ip', '203.0.113.7'],
  ])('who comes through a proxy on this machine that says %s', (name, value) => {
    expect(visit('127.0.0.1', { host: 'localhost', [name]: value })).toBe(false)
  })

  it('who speaks HTTP/1.0, as nginx does by default and no browser does', () => {
    expect(visit('127.0.0.1', { host: 'localhost' }, '1.0')).toBe(false)
  })
})
