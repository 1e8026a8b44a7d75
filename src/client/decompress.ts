import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'
import type { ZlibOptions } from 'node:zlib'
import { TransportError, tooLarge } from './transport-error.js'

/** Decompresses a whole body, as the functions of `node:zlib` do. */
type Decompress = (
  body: Buffer,
  options: ZlibOptions,
  done: (error: Error | null, plain: Buffer) => void,
) => void

/** The encodings that are read. Servers and proxies send the first three, also if nobody has asked for them. */
const DECODERS: ReadonlyMap<string, Decompress> = new Map<string, Decompress>([
  ['gzip', gunzip],
  ['br', brotliDecompress],
  ['deflate', inflateAny],
  ['x-gzip', gunzip],
])

/**
 * The other content codings that exist: a body with one of them cannot be read.
 *
 * @see [HTTP Content Coding Registry](https://www.iana.org/assignments/http-parameters/http-parameters.xhtml#content-coding)
 */
const UNREADABLE: ReadonlySet<string> = new Set([
  ...['compress', 'x-compress', 'zstd', 'dcb', 'dcz'],
  ...['exi', 'pack200-gzip', 'aes128gcm'],
])

/** Some servers send `deflate` without the zlib header that RFC 9110 requires: the low half of its first byte is 8. */
function inflateAny(...given: Parameters<Decompress>): void {
  const [body] = given
  const hasHeader = ((body[0] ?? 0) & 0x0f) === 8
  ;(hasHeader ? inflate : inflateRaw)(...given)
}

/** The most encodings that a body may have. More of them only cost time. */
const MAXIMUM_ENCODINGS = 5

/**
 * The body without its `Content-Encoding`, which may name several encodings. What it is decompressed to never takes more
 * memory than `limitBytes`.
 *
 * @throws {TransportError} `too_large` if it would be larger than `limitBytes`; `bad_encoding` if it is damaged or cut off,
 *   or has an encoding that is not one of those that are read
 * @see [RFC 9110, section 8.4 - Content-Encoding](https://www.rfc-editor.org/rfc/rfc9110.html#section-8.4)
 */
export async function decompress(
  body: Buffer,
  contentEncoding: string | string[] | undefined,
  limitBytes: number,
): Promise<Buffer> {
  const encodings = encodingsIn(contentEncoding)
  // Answers without a body may name an encoding, too.
  if (body.length === 0) return body
  if (encodings.length > MAXIMUM_ENCODINGS) throw unreadable('it is compressed too many times')
  let plain = body
  // The last one was applied last.
  for (const encoding of encodings.reverse()) plain = await withoutOne(plain, encoding, limitBytes)
  return plain
}

/**
 * The encodings of a body, in the order in which they were applied. Names of something else, such as `UTF-8`, `binary`, `none` or
 * `aws-chunked`, change no body, and neither does `identity`: they are left out.
 */
export function encodingsIn(contentEncoding: string | string[] | undefined): string[] {
  return [contentEncoding ?? []]
    .flat()
    .flatMap((value) => value.toLowerCase().split(','))
    .map((encoding) => encoding.trim())
    .filter((encoding) => DECODERS.has(encoding) || UNREADABLE.has(encoding))
}

function withoutOne(body: Buffer, encoding: string, limitBytes: number): Promise<Buffer> {
  const decode = DECODERS.get(encoding)
  if (decode === undefined) {
    throw unreadable(`its Content-Encoding is ${encoding}, and only gzip, br and deflate are read`)
  }
  return new Promise((resolve, reject) => {
    decode(body, { maxOutputLength: limitBytes }, (error, plain) => {
      if (error === null) resolve(plain)
      else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        reject(tooLarge(limitBytes))
      else reject(unreadable(`its ${encoding} is damaged or cut off`))
    })
  })
}

function unreadable(why: string): TransportError {
  return new TransportError(`The answer cannot be decompressed: ${why}`, 'bad_encoding')
}
