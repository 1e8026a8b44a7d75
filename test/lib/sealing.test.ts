import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { createCipheriv, hash, hkdfSync } from 'node:crypto'
import { createSeal } from '../../src/lib/sealing.js'

const OLD = 'an old secret of 32 characters or more'
const NEW = 'a new secret of 32 characters or more'
const PURPOSE = 'session tokens'
const CONTEXT = 'oauth2:oauth2'
const VALUE = { grant: 'g', state: { version: 1, tokens: { accessToken: 'ü-token' } } }

const KEY = new Uint8Array(
  hkdfSync('sha256', OLD, '', `passport-authorization-code ${PURPOSE}`, 32),
)
const KID = hash('sha256', KEY, 'base64url').slice(0, 8)
const HEADER = { alg: 'dir', enc: 'A256GCM', kid: KID, context: CONTEXT }

const seal = createSeal(OLD, PURPOSE)

/** What jose makes of this value, with another header if the test wants one. */
function sealedByJose(header: object = HEADER): Promise<string> {
  return new CompactEncrypt(Buffer.from(JSON.stringify(VALUE)))
    .setProtectedHeader({ ...HEADER, ...header })
    .encrypt(KEY)
}

/** A JWE with this header and tag length, whose every part is what the right key has made. */
function sealedByHand(header: unknown, tagBytes = 16, text = JSON.stringify(VALUE)): string {
  const encoded = Buffer.from(JSON.stringify(header)).toString('base64url')
  const iv = Buffer.alloc(12, 1)
  const cipher = createCipheriv('aes-256-gcm', KEY, iv, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(encoded))
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final()])
  const parts = [iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString('base64url'))
  return [encoded, '', ...parts].join('.')
}

describe('createSeal', () => {
  it('opens what it has sealed, with the same context only', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), fc.string(), (value, context, other) => {
        fc.pre(context !== other)
        const sealed = seal.seal(value, context)
        expect(seal.open(sealed, context)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(seal.open(sealed, other)).toBeUndefined()
      }),
    )
  })

  it('seals the same value differently each time', () => {
    const sealed = Array.from({ length: 100 }, () => seal.seal(VALUE, CONTEXT))
    expect(new Set(sealed.map((one) => one.split('.')[2])).size).toBe(100)
  })

  it('makes what jose can open', async () => {
    const { plaintext, protectedHeader } = await compactDecrypt(seal.seal(VALUE, CONTEXT), KEY)
    expect(protectedHeader).toEqual(HEADER)
    expect(JSON.parse(Buffer.from(plaintext).toString())).toEqual(VALUE)
  })

  it('opens what jose has sealed', async () => {
    expect(seal.open(await sealedByJose(), CONTEXT)).toEqual(VALUE)
  })

  it('opens a value that was sealed before this package sealed without jose', () => {
    const sealed =
      'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiOTFuc0dBQ04iLCJjb250ZXh0Ijoib2F1dGgyOm9hdXRoMiJ9..wVe4uYdiikJG6zNm.oTDfKfYPeKbxekZzNcIywx4L4bBTV6YRQlhMs_PAWhOcLbt6tt4NyRrN1FCXX42xVolaMaGuLKnCTHRnJEmJ40X7os0sY5Y.0UBxrpqzi_RNtUVbSW6S4g'
    expect(seal.open(sealed, CONTEXT)).toEqual(VALUE)
  })

  it('opens with every secret, and seals with the first', () => {
    const both = createSeal([NEW, OLD], PURPOSE)
    const old = seal.seal(VALUE, CONTEXT)
    const sealed = both.seal(VALUE, CONTEXT)
    expect(both.open(old, CONTEXT)).toEqual(VALUE)
    expect(createSeal(NEW, PURPOSE).open(sealed, CONTEXT)).toEqual(VALUE)
    expect(seal.open(sealed, CONTEXT)).toBeUndefined()
    expect([both.isCurrent(sealed), both.isCurrent(old), seal.isCurrent(old)]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('does not open what was sealed for another purpose', () => {
    const sealed = seal.seal(VALUE, CONTEXT)
    expect(createSeal(OLD, 'pending logins').open(sealed, CONTEXT)).toBeUndefined()
  })

  it('needs a secret, and a value that JSON can write', () => {
    expect(() => createSeal([], PURPOSE)).toThrow(TypeError)
    expect(() => seal.seal(undefined, CONTEXT)).toThrow()
  })
})

describe('a sealed value that is not as it was made', () => {
  it('does not open with any other character in any place', () => {
    const sealed = seal.seal(VALUE, CONTEXT)
    for (const at of sealed.split('').keys()) {
      for (const other of ['A', 'B', '-', '.', '=', ' ']) {
        const changed = sealed.slice(0, at) + other + sealed.slice(at + 1)
        if (changed === sealed) continue
        expect([at, other, seal.open(changed, CONTEXT)]).toEqual([at, other, undefined])
      }
    }
  })

  it('does not open when cut, extended or made up', () => {
    const sealed = seal.seal(VALUE, CONTEXT)
    const cut = Array.from(sealed, (_, at) => sealed.slice(0, at))
    const [header = '', , iv = '', text = '', tag = ''] = sealed.split('.')
    const others = [
      ...cut,
      `${sealed}A`,
      `${sealed}.`,
      `${sealed}=`,
      ` ${sealed}`,
      [header, 'AAAA', iv, text, tag].join('.'),
      [header, '', `${iv}AAAA`, text, tag].join('.'),
      [header, '', '', text, tag].join('.'),
      [header, '', iv, text, ''].join('.'),
      '....',
      'nonsense',
      'eyJhbGciOiJub25lIn0.e30.',
    ]
    for (const other of others) expect(seal.open(other, CONTEXT)).toBeUndefined()
  })

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.base64String(), { maxLength: 6 }).map((all) => all.join('.')),
          fc.jsonValue().map((header) => sealedByHand(header)),
        ),
        (text) => {
          expect(seal.open(text, CONTEXT)).toBeUndefined()
          expect(seal.isCurrent(text)).toBe(false)
        },
      ),
    )
  })

  it('opens by hand with the right header, or the tests below would prove nothing', () => {
    expect(seal.open(sealedByHand(HEADER), CONTEXT)).toEqual(VALUE)
  })

  it.each([4, 8, 12, 13, 14, 15])('does not open with a tag of %i bytes', (tagBytes) => {
    expect(seal.open(sealedByHand(HEADER, tagBytes), CONTEXT)).toBeUndefined()
  })

  it.each<[string, unknown]>([
    ['another algorithm', { ...HEADER, alg: 'A256GCMKW' }],
    ['another encryption', { ...HEADER, enc: 'A128GCM' }],
    ['compression', { ...HEADER, zip: 'DEF' }],
    ['an extension that must be understood', { ...HEADER, crit: ['b64'] }],
    ['no key id', { ...HEADER, kid: undefined }],
    ['the id of an unknown key', { ...HEADER, kid: 'AAAAAAAA' }],
    ['no context', { ...HEADER, context: undefined }],
    ['a context that is not text', { ...HEADER, context: [CONTEXT] }],
    ['null', null],
  ])('does not open with a header that has %s', (_what, header) => {
    expect(seal.open(sealedByHand(header), CONTEXT)).toBeUndefined()
  })

  it('does not open if what was sealed is not JSON', () => {
    expect(seal.open(sealedByHand(HEADER, 16, '{'), CONTEXT)).toBeUndefined()
  })
})
