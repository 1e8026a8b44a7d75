import type { ServerResponse } from 'node:http'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import type { Script } from './scripted-provider.js'

/** Compresses a body once. */
export type Compress = (body: Buffer) => Buffer

/** How servers compress: the `Content-Encoding`, and what they do to the body. */
export const COMPRESSIONS: readonly (readonly [string, string, Compress])[] = [
  ['gzip', 'gzip', gzipSync],
  ['gzip by its old name, in capitals', 'X-GZIP', gzipSync],
  ['br', 'br', brotliCompressSync],
  ['deflate', 'deflate', deflateSync],
  ['deflate without the zlib header', 'deflate', deflateRawSync],
  ['deflate and then gzip', 'deflate, gzip', (body) => gzipSync(deflateSync(body))],
]

/** Makes a script compress its answer, whatever the request accepts. */
export function compressed(script: Script, encoding: string, compress: Compress): Script {
  return (request, response) => {
    let [status, headers] = [200, {}]
    const plain = {
      writeHead(given: number, more: Record<string, string> = {}) {
        ;[status, headers] = [given, more]
        return plain
      },
      end(body = '') {
        response.writeHead(status, { ...headers, 'content-encoding': encoding })
        response.end(compress(Buffer.from(body)))
      },
    }
    script(request, plain as unknown as ServerResponse)
  }
}
